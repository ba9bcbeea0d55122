"""What people write to a shop in pt-BR and in English, and what in it looks like a token."""

import random
import string
import uuid
from collections.abc import Callable
from hashlib import md5, sha256

_SENTENCES = {
    "pt": (
        "Oi, tudo bem?",
        "Bom dia! Vi o anúncio de vocês e quero saber o preço.",
        "Boa tarde, vocês entregam no sábado?",
        "Quero encomendar um bolo de aniversário para 20 pessoas",
        "Ainda tem vaga na turma de segunda-feira?",
        "Meu pedido não chegou, podem verificar por favor 🙏",
        "Obrigada, aguardo retorno!",
        "Pode mandar a chave Pix?",
        "INFORMAÇÕES sobre o plano de vocês, por gentileza",
        "qual o horário de funcionamento kkkk",
        "Recebi o token do banco mas não sei se é daqui",
        "Apaguei o vm_token sem querer, tem problema?",
        "o que é esse vm_token: aí embaixo?",
        "Vocês parcelam em 12x sem juros??",
    ),
    "en": (
        "Hi there!",
        "Good morning, I saw your ad and would like a quote.",
        "Do you deliver on Saturdays?",
        "I'd like to order a birthday cake for twenty people",
        "My order has not arrived yet, could you check please 🙏",
        "Thanks, waiting for your answer!",
        "DELIVERIES to the countryside too?",
        "what time do you open lol",
        "My bank sent me a token, is that from you?",
        "I deleted the vm_token by accident, is that a problem?",
        "what is this vm_token: thing?",
        "Is the 10% discount still valid?",
    ),
}
_LETTERS = string.ascii_uppercase + string.digits


def sentence(language: str, luck: random.Random) -> str:
    return luck.choice(_SENTENCES[language])


def lookalike(language: str, luck: random.Random) -> str:
    """A sentence with an order number, a coupon, a CPF, a Pix key, a hash, an address …"""
    lead = {"pt": _INTRODUCED_PT, "en": _INTRODUCED_EN}[language]
    name = luck.choice(list(_MAKERS))
    return f"{lead[name]} {_MAKERS[name](luck)}"


def _of(alphabet: str, luck: random.Random, least: int, most: int) -> str:
    return "".join(luck.choices(alphabet, k=luck.randint(least, most)))


def _digits(luck: random.Random, count: int) -> str:
    return _of(string.digits, luck, count, count)


def _order(luck: random.Random) -> str:
    return luck.choice(
        (
            f"#{_digits(luck, luck.randint(6, 11))}",
            f"PED-2026-{_digits(luck, 5)}",
            _of(_LETTERS, luck, 9, 11),
            f"{_of(_LETTERS, luck, 4, 5)}-{_of(_LETTERS, luck, 5, 6)}",
        )
    )


def _coupon(luck: random.Random) -> str:
    word = luck.choice(("BEMVINDO", "BLACKFRI", "PROMO", "CUPOM", "NATAL", "FRETE"))
    made = luck.choice((f"{word}{_digits(luck, 2)}", _of(_LETTERS, luck, 8, 12)))
    return luck.choice((made, made.lower(), f"*{made}*", f'"{made}"'))


def _cpf(luck: random.Random) -> str:
    number = _digits(luck, 11)
    dotted = f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"
    return luck.choice((number, dotted))


def _cnpj(luck: random.Random) -> str:
    """Since July 2026 with letters, too."""
    start = luck.choice((_digits(luck, 12), _of(_LETTERS, luck, 12, 12)))
    end = _digits(luck, 2)
    dotted = f"{start[:2]}.{start[2:5]}.{start[5:8]}/{start[8:]}-{end}"
    return luck.choice((start + end, dotted))


def _pix(luck: random.Random) -> str:
    return luck.choice(
        (
            str(uuid.UUID(int=luck.getrandbits(128), version=4)),
            f"+55{_digits(luck, 2)}9{_digits(luck, 8)}",
            f"00020126{_of(_LETTERS, luck, 30, 40)}6304{_of('0123456789ABCDEF', luck, 4, 4)}",
        )
    )


def _hash(luck: random.Random) -> str:
    seed = luck.randbytes(8)
    full = luck.choice((md5(seed).hexdigest(), sha256(seed).hexdigest()))  # noqa: S324
    return luck.choice((full, full[:7], full[:10], full[:12]))


def _address(luck: random.Random) -> str:
    return luck.choice(
        (
            f"https://instagram.com/p/{_of(string.ascii_letters, luck, 11, 11)}/",
            f"https://loja.example/p?id={_of(_LETTERS, luck, 10, 10)}&utm_source=ig",
            f"https://youtu.be/{_of(string.ascii_letters + '_-', luck, 11, 11)}",
            f"https://example.com/reset?token={_of(_LETTERS, luck, 10, 40)}",
            f"bit.ly/{_of(string.ascii_letters, luck, 7, 10)}",
        )
    )


def _parcel(luck: random.Random) -> str:
    return f"{_of(string.ascii_uppercase, luck, 2, 2)}{_digits(luck, 9)}BR"


def _plate(luck: random.Random) -> str:
    letters = _of(string.ascii_uppercase, luck, 3, 3)
    return f"{letters}{_digits(luck, 1)}{luck.choice('ABCDEFGHIJ')}{_digits(luck, 2)}"


def _phone(luck: random.Random) -> str:
    number = _digits(luck, 8)
    return luck.choice(
        (f"(11) 9{number[:4]}-{number[4:]}", f"11{number}", f"119{number}")
    )


def _code(luck: random.Random) -> str:
    return luck.choice(
        (_digits(luck, 6), _of(_LETTERS, luck, 10, 10), _of(_LETTERS, luck, 8, 12))
    )


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "order": _order,
    "coupon": _coupon,
    "cpf": _cpf,
    "cnpj": _cnpj,
    "pix": _pix,
    "hash": _hash,
    "address": _address,
    "parcel": _parcel,
    "plate": _plate,
    "phone": _phone,
    "code": _code,
}
_INTRODUCED_PT = {
    "order": "Meu pedido é o",
    "coupon": "tenho o cupom",
    "cpf": "CPF",
    "cnpj": "nota no CNPJ",
    "pix": "minha chave pix:",
    "hash": "o comprovante diz",
    "address": "vi aqui:",
    "parcel": "rastreio",
    "plate": "placa",
    "phone": "meu outro número é",
    "code": "recebi este token:",
}
_INTRODUCED_EN = {
    "order": "My order is",
    "coupon": "I have the coupon",
    "cpf": "my CPF is",
    "cnpj": "invoice to CNPJ",
    "pix": "my Pix key:",
    "hash": "the receipt says",
    "address": "I saw it here:",
    "parcel": "tracking",
    "plate": "number plate",
    "phone": "my other number is",
    "code": "they sent me this token:",
}
