"""What the simulated phone does with a message: words in its text make things go wrong.

    #131026   the phone reports this error of Meta's; any number of four digits or more
    #400      refused at once, as a message that is not in order
    #429      refused at once, as sent too fast
    #500      taken, and answered with an error: only its statuses tell that it arrived
    #502      lost on the way, and answered with an error: nobody will ever tell
    #hang     taken, and never answered in time
    #silent   taken, and no status follows
    #slow     the statuses take their time
    #unread   delivered, and never read

Pure. Whoever tries something out needs no other switch, and a message without such a word
is delivered and read within seconds.
"""

import re
from dataclasses import dataclass
from typing import Final

from integrations.providers.base.outgoing import (
    Buttons,
    Cards,
    Content,
    Media,
    Menu,
    Place,
    Reaction,
    Template,
    Text,
)
from integrations.providers.base.types import DeliveryStatus

_WORD: Final = re.compile(r"#(\d{3,7}|hang|silent|slow|unread)\b", re.IGNORECASE)
_REFUSALS: Final = {"400": (400, "131009"), "429": (429, "130429")}
_STEPS: Final = (
    (0.5, DeliveryStatus.SENT),
    (1.5, DeliveryStatus.DELIVERED),
    (4.0, DeliveryStatus.READ),
)
_SLOWLY: Final = 8


@dataclass(frozen=True, slots=True)
class News:
    """One status, `after` seconds."""

    after: float
    status: DeliveryStatus
    code: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is answered, and what follows. `code` is of Meta, where it is refused."""

    status: int = 201
    code: str = ""
    hangs: bool = False
    news: tuple[News, ...] = ()


def plan(content: Content, *, has_internet: bool = True) -> Plan:
    """Of several words that answer the first counts; the others add up."""
    words = [found.lower() for found in _WORD.findall(text_of(content))]
    for word in words:
        if word in _REFUSALS:
            status, code = _REFUSALS[word]
            return Plan(status, code)
        if word == "502":
            return Plan(502)
    news = _news(words, has_internet=has_internet)
    return Plan(500 if "500" in words else 201, hangs="hang" in words, news=news)


def _news(words: list[str], *, has_internet: bool) -> tuple[News, ...]:
    if "silent" in words:
        return ()
    pace = _SLOWLY if "slow" in words else 1
    failure = next((word for word in words if word.isdigit() and len(word) > 3), "")
    if failure:
        return (News(1.0 * pace, DeliveryStatus.FAILED, failure),)
    reached = len(_STEPS) - ("unread" in words) if has_internet else 1
    return tuple(News(after * pace, status) for after, status in _STEPS[:reached])


def text_of(content: Content) -> str:
    """Everything in a message that a person has typed."""
    match content:
        case Text() | Buttons() | Menu():
            return content.body
        case Media():
            return content.caption
        case Place():
            return f"{content.name} {content.address}"
        case Cards():
            return " ".join(card.name for card in content.cards)
        case Reaction():
            return ""
        case Template():
            return " ".join(
                parameter.text
                for component in content.components
                for parameter in component.parameters
            )
