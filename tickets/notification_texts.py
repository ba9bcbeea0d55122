"""What clients are told about tickets: the variables of texts, and texts to begin with. Pure."""

import re
from collections.abc import Mapping
from typing import Final

LONGEST: Final = 2000
# In whichever language a text is, its variables may be named in any.
VARIABLES: Final = {
    "name": "name",
    "nome": "name",
    "number": "number",
    "numero": "number",
    "número": "number",
    "title": "title",
    "titulo": "title",
    "título": "title",
    "status": "status",
    "priority": "priority",
    "prioridade": "priority",
    "url": "url",
    "link": "url",
    "url_path": "url_path",
    "business": "business",
    "empresa": "business",
    "comment": "comment",
    "comentario": "comment",
    "comentário": "comment",
}
VARIABLES_IN: Final = {
    "pt-br": (
        *("{nome}", "{número}", "{título}", "{status}", "{prioridade}"),
        *("{comentário}", "{link}", "{empresa}"),
    ),
    "en": (
        *("{name}", "{number}", "{title}", "{status}", "{priority}"),
        *("{comment}", "{link}", "{business}"),
    ),
}
STATUS_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "pt-br": {
        "open": "aberto",
        "waiting": "aguardando você",
        "resolved": "resolvido",
        "closed": "encerrado",
    },
    "en": {
        "open": "open",
        "waiting": "waiting for you",
        "resolved": "resolved",
        "closed": "closed",
    },
}
PRIORITY_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "pt-br": {
        "low": "baixa",
        "normal": "normal",
        "high": "alta",
        "urgent": "urgente",
    },
    "en": {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"},
}
# What an empty table begins with. Of the other events one may be told too much.
DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "created": {
        "pt-br": "Olá, {nome}! Abrimos o chamado nº {número}: {título}."
        " Acompanhe por aqui: {link}",
        "en": "Hello, {name}! We opened ticket no. {number}: {title}."
        " Follow it here: {link}",
    },
    "waiting": {
        "pt-br": "Olá, {nome}! O chamado nº {número}, {título}, aguarda uma resposta sua."
        " Responda por aqui mesmo ou em {link}",
        "en": "Hello, {name}! Ticket no. {number}, {title}, is waiting for your answer."
        " Answer right here or at {link}",
    },
    "resolved": {
        "pt-br": "Olá, {nome}! O chamado nº {número}, {título}, foi resolvido."
        " Se algo não ficou como esperado, é só responder.",
        "en": "Hello, {name}! Ticket no. {number}, {title}, is resolved."
        " If something is not as it should be, just answer.",
    },
    "closed": {
        "pt-br": "Olá, {nome}! Encerramos o chamado nº {número}, {título}."
        " Obrigado pelo contato!",
        "en": "Hello, {name}! We closed ticket no. {number}, {title}."
        " Thank you for getting in touch!",
    },
    "commented": {
        "pt-br": "Sobre o chamado nº {número}, {título}: {comentário}",
        "en": "About ticket no. {number}, {title}: {comment}",
    },
}
_VARIABLE = re.compile(r"\{([^{}\n]*)\}")
# Without a name the comma before it goes too: "Hello, {name}!" is then "Hello!".
_NO_NAME = re.compile(r",?[ \t]*\{(?:nome|name)\}", re.IGNORECASE)


def unknown_variables(text: str) -> list[str]:
    """Those that nothing would be filled into, as they stand in the text."""
    found = _VARIABLE.finditer(text)
    return [one[0] for one in found if one[1].strip().casefold() not in VARIABLES]


def uses(text: str, variable: str) -> bool:
    """Whether a text has a variable, by its English name."""
    return any(
        VARIABLES.get(one[1].strip().casefold()) == variable
        for one in _VARIABLE.finditer(text)
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text as it goes out; `values` are by the variables' English names.

    What is filled in is never read as a variable itself.
    """
    ready = text if values.get("name") else _NO_NAME.sub("", text)
    return _VARIABLE.sub(
        lambda found: values.get(
            VARIABLES.get(found[1].strip().casefold(), ""), found[0]
        ),
        ready,
    ).strip()
