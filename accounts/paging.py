"""Pages by position, not by number: the next page starts where the last row stood.

Room 0, for the lists of every room.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

Row = TypeVar("Row")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"(\d{1,17})-([0-9a-f]{32}|\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page; `older` is the `before=` of the next one, None at the end."""

    rows: tuple[Row, ...]
    older: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A moment, and what tells rows of one moment apart: a public key or a rank."""

    at: datetime
    tie: str

    @property
    def key(self) -> uuid.UUID | None:
        return uuid.UUID(self.tie) if len(self.tie) == 32 else None

    @property
    def rank(self) -> int:
        return 0 if len(self.tie) == 32 else int(self.tie)


def write(at: datetime, tie: uuid.UUID | int) -> str:
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros}-{tie.hex if isinstance(tie, uuid.UUID) else tie}"


def read(text: str) -> Position | None:
    """None for what is no position: the reader then gets the first page."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    try:
        at = _EPOCH + timedelta(microseconds=int(match[1]))
    except OverflowError:
        return None
    return Position(at, match[2])


def understood(text: str, *, is_keyed: bool = True) -> str:
    """A position as it was written; nothing for what is none, which is the first page.

    `is_keyed` asks for one whose ties are told apart by keys, as most lists write them.
    """
    position = read(text)
    if position is None or (is_keyed and position.key is None):
        return ""
    return text
