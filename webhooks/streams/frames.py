"""What an open stream says, as bytes: pure. Nothing a browser sent is ever part of it."""

import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts.broadcast import EVERY_KEY, MOST_KEYS

News = Mapping[str, frozenset[str]]  # kind: keys

HEARTBEAT: Final = b":\n\n"
# Redis is away: the page asks by the clock until it hears `resync`.
AWAY: Final = b"event: away\ndata: {}\n\n"
_RETRY_MS = (2_000, 5_000)  # so that a server that comes back is not met by all at once
_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,10})")
_MOMENT = re.compile(r"[0-9]{12,14}")  # milliseconds of this century
_MOST_KINDS = 20


@dataclass(frozen=True, slots=True)
class After:
    """From where a page wants to hear: after an id, or after a moment in milliseconds.

    Both None: from now on. `is_garbled`: it said something that is neither.
    """

    id: str | None = None
    moment: int | None = None
    is_garbled: bool = False


def read_after(last_event_id: str, last: str, since: str) -> After:
    """The browser's own header counts before what the page put into the address."""
    told = last_event_id or last
    if told:
        return After(id=told) if _ID.fullmatch(told) else After(is_garbled=True)
    if since:
        if _MOMENT.fullmatch(since) is None:
            return After(is_garbled=True)
        return After(moment=int(since))
    return After()


def moment_of(id_: str) -> int:
    return int(id_.partition("-")[0])


def read_news(text: str | bytes) -> tuple[str, News]:
    """The id (empty in a ring) and the news. Raises ValueError for what is none of ours."""
    told: Any = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("not an object")  # noqa: TRY004  # of the text, not of an argument
    id_ = told.pop("id", "")
    if not isinstance(id_, str) or (id_ and _ID.fullmatch(id_) is None):
        raise ValueError("not an id")
    news = {}
    for kind, keys in list(told.items())[:_MOST_KINDS]:
        if not isinstance(keys, list) or not all(isinstance(one, str) for one in keys):
            raise ValueError("not keys")
        news[kind] = frozenset(keys)
    return id_, news


def together(many: Iterable[News]) -> dict[str, frozenset[str]]:
    """One piece of news that says what all of them say."""
    sums: dict[str, set[str]] = {}
    for news in many:
        for kind, keys in news.items():
            sums.setdefault(kind, set()).update(keys)
    return {
        kind: frozenset({EVERY_KEY}) if len(keys) > MOST_KEYS else frozenset(keys)
        for kind, keys in sums.items()
    }


def narrowed(news: News, kind: str, key: str) -> News:
    """What somebody may hear who listens for one row; empty when it is not about that."""
    keys = news.get(kind, frozenset())
    return {kind: frozenset({key})} if key in keys or EVERY_KEY in keys else {}


def ready(id_: str) -> bytes:
    wait = random.randint(*_RETRY_MS)  # noqa: S311  # no secret
    return b"retry: %d\n%sevent: ready\ndata: {}\n\n" % (wait, _id(id_))


def change(id_: str, news: News) -> bytes:
    text = json.dumps({kind: sorted(keys) for kind, keys in news.items()})
    return b"%sevent: change\ndata: %s\n\n" % (_id(id_), text.encode())


def resync(id_: str) -> bytes:
    """What was missed cannot be told any more: ask for everything."""
    return b"%sevent: resync\ndata: {}\n\n" % _id(id_)


def _id(id_: str) -> bytes:
    return b"id: %s\n" % id_.encode() if id_ else b""
