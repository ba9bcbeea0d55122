"""What Recado answers by itself: the languages, the texts to begin with, and their gaps. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

LANGUAGES: Final = ("pt-br", "en", "es")
LONGEST: Final = 1000
CLOSED: Final = "closed"
GREETING: Final = "greeting"
STOPPED: Final = "stopped"
STARTED: Final = "started"

Texts = Mapping[str, str]  # by language

DEFAULTS: Final[Mapping[str, Texts]] = {
    CLOSED: {
        "pt-br": "Olá, {nome}! Recebemos sua mensagem, mas agora estamos fechados."
        " Voltamos {abertura} e respondemos assim que possível.",
        "en": "Hello, {name}! We have your message, but we are closed right now."
        " We are back {opening} and will answer as soon as we can.",
        "es": "¡Hola, {nombre}! Recibimos tu mensaje, pero ahora estamos cerrados."
        " Volvemos {apertura} y te respondemos en cuanto podamos.",
    },
    GREETING: {
        "pt-br": "Olá, {nome}! Recebemos sua mensagem e já vamos responder.",
        "en": "Hello, {name}! We have your message and will answer soon.",
        "es": "¡Hola, {nombre}! Recibimos tu mensaje y pronto te respondemos.",
    },
    STOPPED: {
        "pt-br": "Pronto: não vamos mais escrever para você sem que você escreva antes."
        " Para voltar a receber, responda VOLTAR.",
        "en": "Done: we will not write to you any more unless you write first."
        " To hear from us again, answer START.",
        "es": "Listo: no te escribiremos más sin que tú escribas antes."
        " Para volver a recibir mensajes, responde VOLVER.",
    },
    STARTED: {
        "pt-br": "Pronto: você voltou a receber nossas mensagens.",
        "en": "Done: you will hear from us again.",
        "es": "Listo: volverás a recibir nuestros mensajes.",
    },
}
# In whichever language a text is, its gaps may be named in any.
GAPS: Final = {
    "nome": "name",
    "name": "name",
    "nombre": "name",
    "abertura": "opening",
    "opening": "opening",
    "apertura": "opening",
    "empresa": "business",
    "business": "business",
}
GAPS_IN: Final = {
    "pt-br": ("{nome}", "{abertura}", "{empresa}"),
    "en": ("{name}", "{opening}", "{business}"),
    "es": ("{nombre}", "{apertura}", "{empresa}"),
}
_GAP = re.compile(r"\{([^{}\n]*)\}")
# Without a name the comma before it goes too: "Hello, {name}!" is then "Hello!".
_NO_NAME = re.compile(r",?[ \t]*\{(?:nome|name|nombre)\}", re.IGNORECASE)
_SOON = {"pt-br": "em breve", "en": "soon", "es": "pronto"}
_WEEKDAYS = {
    "pt-br": (
        *("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira"),
        *("sexta-feira", "sábado", "domingo"),
    ),
    "en": (
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
        "Sunday",
    ),
    "es": (
        *("el lunes", "el martes", "el miércoles", "el jueves", "el viernes"),
        *("el sábado", "el domingo"),
    ),
}
_MOMENTS = {
    "pt-br": (
        "hoje às {time}",
        "amanhã às {time}",
        "{weekday}, {day:02}/{month:02}, às {time}",
    ),
    "en": (
        "today at {time}",
        "tomorrow at {time}",
        "on {weekday}, {month}/{day}, at {time}",
    ),
    "es": (
        "hoy a las {time}",
        "mañana a las {time}",
        "{weekday} {day:02}/{month:02} a las {time}",
    ),
}
# By the country code of a phone: what is most likely read there.
_PORTUGUESE = ("55", "351", "244", "258", "238", "239", "245")
_SPANISH = (
    *("34", "52", "54", "56", "57", "58", "51", "53", "502", "503", "504", "505"),
    *("506", "507", "591", "593", "595", "598"),
)


def unknown_gaps(text: str) -> list[str]:
    """Gaps that nothing would be filled into, as they stand in the text."""
    return [
        found[0] for found in _GAP.finditer(text) if found[1].casefold() not in GAPS
    ]


def language_of(phone: str | None, *, otherwise: str) -> str:
    """The language somebody with this number (digits) most likely reads."""
    digits = phone or ""
    if digits.startswith(_PORTUGUESE):
        return "pt-br"
    if digits.startswith(_SPANISH):
        return "es"
    return otherwise


def choose(texts: Texts, *, language: str, otherwise: str) -> tuple[str, str]:
    """A text and the language it is in: the person's, the workspace's, or any; else empty."""
    for one in (language, otherwise, *LANGUAGES):
        if texts.get(one, "").strip():
            return texts[one], one
    return "", language


def fill(
    text: str,
    *,
    language: str,
    name: str = "",
    business: str = "",
    opens_at: datetime | None = None,
    now: datetime,
) -> str:
    """The text as it goes out. `opens_at` is local to those who open."""
    first = first_name(name)
    values = {
        "name": first,
        "business": business,
        "opening": _opening(opens_at, now=now, language=language),
    }
    ready = text if first else _NO_NAME.sub("", text)
    return _GAP.sub(
        lambda found: values.get(GAPS.get(found[1].casefold(), ""), found[0]), ready
    ).strip()


def first_name(name: str) -> str:
    """The first word of a name that has a letter in it; profiles hold all kinds of marks."""
    for word in name.split():
        if any(one.isalpha() for one in word) and "/" not in word and "@" not in word:
            return word.strip(".,;:!?")[:40]
    return ""


def _opening(opens_at: datetime | None, *, now: datetime, language: str) -> str:
    if opens_at is None:
        return _SOON[language]
    today = now.astimezone(opens_at.tzinfo).date()
    same, next_, other = _MOMENTS[language]
    days = (opens_at.date() - today) // timedelta(days=1)
    pattern = {0: same, 1: next_}.get(days, other)
    return pattern.format(
        time=_time(opens_at, language=language),
        weekday=_WEEKDAYS[language][opens_at.weekday()],
        day=opens_at.day,
        month=opens_at.month,
    )


def _time(at: datetime, *, language: str) -> str:
    if language == "en":
        return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"
    return f"{at:%H:%M}"
