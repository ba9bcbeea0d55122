"""The words by which people stop hearing from us, and start again. Pure.

A word counts only where it is the whole message, folded: in a sentence it is talk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.providers.base.types import MessageKind
from whatsapp import auto_texts
from whatsapp.folding import fold

STOP_WORDS: Final = (
    *("PARAR", "PARE", "SAIR", "CANCELAR", "DESCADASTRAR", "REMOVER"),
    *("NÃO QUERO RECEBER", "NÃO QUERO MAIS RECEBER"),
    *("STOP", "STOP ALL", "UNSUBSCRIBE", "OPT OUT"),
    *("BAJA", "DAR DE BAJA", "DARME DE BAJA", "DETENER"),
)
START_WORDS: Final = ("VOLTAR", "QUERO RECEBER", "START", "SUBSCRIBE", "VOLVER", "ALTA")
# The buttons that WhatsApp itself puts under marketing templates. A button of ours that
# says "Cancelar" is about whatever the message was about.
_BUTTONS: Final = frozenset(
    map(fold, ("Stop promotions", "Parar promoções", "Detener promociones"))
)
MOST_WORDS: Final = 40
LONGEST_WORD: Final = 40
_LONGEST_SAID: Final = 60  # characters of a message that is looked at
_BUTTON_KINDS: Final = frozenset({MessageKind.BUTTON_REPLY, MessageKind.LIST_REPLY})

STOP: Final = "stop"
START: Final = "start"
STOP_MARKETING: Final = "stop_marketing"


@dataclass(frozen=True, slots=True)
class Words:
    """The rules of a workspace; without any of its own, the usual ones."""

    is_on: bool = True
    confirms: bool = True
    stop: frozenset[str] = frozenset(map(fold, STOP_WORDS))
    start: frozenset[str] = frozenset(map(fold, START_WORDS))
    texts: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: auto_texts.DEFAULTS
    )

    @classmethod
    def of(cls, row: Mapping[str, Any] | None) -> "Words":
        """From the columns of OptOutWords."""
        if row is None:
            return cls()
        return cls(
            is_on=bool(row["is_on"]),
            confirms=bool(row["confirms"]),
            stop=folded(row["stop_words"]),
            start=folded(row["start_words"]),
            texts=row["texts"],
        )

    def said(self, text: str, kind: str) -> str:
        """STOP, START, STOP_MARKETING, or nothing."""
        if not self.is_on or not text or len(text) > _LONGEST_SAID:
            return ""
        word = fold(text)
        if kind in _BUTTON_KINDS:
            return STOP_MARKETING if word in _BUTTONS else ""
        if kind != MessageKind.TEXT:
            return ""
        if word in self.stop:
            return STOP
        if word in self.start:
            return START
        return STOP_MARKETING if word in _BUTTONS else ""


def folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(fold, words)))
