"""Typed access to JSON that nobody vouches for; a failure names the path, never the value.

Every `inbound.py` reads through this and through nothing else. What comes out can be
stored by PostgreSQL: no NUL, no lone surrogate, no infinity, no bottomless nesting, no
identifier wider than its column. Of duplicate keys the last one counts, as with the
parsers that provider signatures are made for.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.types import Json

# Real bodies nest about fifteen levels. The bound lies far below Python's own limit, so
# that every later walk over the value (copying, dumping) has room whatever its stack.
MOST_LEVELS = 64
IDENTIFIER_WIDTH = 200  # of every column that holds a provider's id

_EARLIEST = 946_684_800  # 2000-01-01: nothing here is older
_LATEST = 4_102_444_800  # 2100-01-01
_MILLISECONDS_FROM = 1_000_000_000_000
_NEEDS_CLEANING = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _refuse_constant(name: str) -> None:
    raise Unreadable(f"not JSON: {name}")


def _finite(digits: str) -> float | None:
    """1e999 is valid JSON and no number that can be stored: one such value is unknown."""
    number = float(digits)
    return number if math.isfinite(number) else None


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def decode(body: bytes | str) -> Json:
    """Decode a body as JSON, or raise Unreadable, whatever was sent."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Unreadable(f"not UTF-8 at byte {exc.start}") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise Unreadable(f"not JSON at character {exc.pos}: {exc.msg}") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError:  # an integer beyond Python's limit of digits
        raise Unreadable("a number has too many digits") from None
    if text.count("{") + text.count("[") > MOST_LEVELS and _is_deep(value):
        raise Unreadable("nested too deeply")
    if _NEEDS_CLEANING.search(text) or (isinstance(body, str) and "\x00" in text):
        value = _clean(value)
    return value


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) in (dict, list)
        ]
        if not level:
            return False
    return True


def _clean(value: Json) -> Json:
    if type(value) is str:
        if value.isascii() and "\x00" not in value:
            return value
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if type(value) is dict:
        return {_clean(key): _clean(item) for key, item in value.items()}
    if type(value) is list:
        return [_clean(item) for item in value]
    return value


def read(body: bytes | str) -> "Reader":
    """Decode a body whose outermost value is an object."""
    value = decode(body)
    if type(value) is not dict:
        raise Unreadable(f"the body is {_kind_of(value)}, not an object")
    return Reader(value)


class Reader:
    """One JSON object and the way that led to it.

    `text`, `identifier`, `section` and `items` insist; each `find_…` answers None for a
    value that is absent or of another type, because an odd ornament must not cost a
    message. Keys nobody asks for are ignored.
    """

    __slots__ = ("key", "parent", "value")

    def __init__(
        self, value: Json, parent: "Reader | None" = None, key: str | int = ""
    ) -> None:
        self.value = value
        self.parent = parent
        self.key = key

    # --- where we are ---------------------------------------------------------
    def path(self, key: str | int | None = None) -> str:
        steps: list[str | int] = [] if key is None else [key]
        here = self
        while here.parent is not None:
            steps.append(here.key)
            here = here.parent
        path = ""
        for step in reversed(steps):
            path += f"[{step}]" if isinstance(step, int) else f".{step}"
        return path.lstrip(".") or "body"

    def wrong(self, key: str | int | None, expected: str) -> Unreadable:
        """The exception for a value that is not as expected; the caller raises it."""
        value = self.value if key is None else self._get(str(key))
        return Unreadable(
            f"{self.path(key)}: expected {expected}, found {_kind_of(value)}"
        )

    def _get(self, key: str) -> Json:
        if type(self.value) is not dict:
            raise self.wrong(None, "an object")
        return self.value.get(key)

    # --- what must be there ---------------------------------------------------
    def text(self, key: str) -> str:
        value = self._get(key)
        if type(value) is not str:
            raise self.wrong(key, "text")
        return value

    def identifier(self, key: str) -> str:
        value = self._get(key)
        if type(value) is not str or not value:
            raise self.wrong(key, "an id")
        if len(value) > IDENTIFIER_WIDTH:
            raise self.wrong(key, f"an id of at most {IDENTIFIER_WIDTH} characters")
        return value

    def section(self, key: str) -> "Reader":
        value = self._get(key)
        if type(value) is not dict:
            raise self.wrong(key, "an object")
        return Reader(value, self, key)

    def items(self, key: str) -> Iterator["Reader"]:
        """Each element of a list; none when the key is absent or null."""
        value = self._get(key)
        if value is None:
            return iter(())
        if type(value) is not list:
            raise self.wrong(key, "a list")
        parent = Reader(value, self, key)
        return (Reader(item, parent, index) for index, item in enumerate(value))

    # --- what may be there ----------------------------------------------------
    def has(self, key: str) -> bool:
        return self._get(key) is not None

    def plain(self, key: str) -> Json:
        return self._get(key)

    def find_text(self, key: str, *, most: int | None = None) -> str | None:
        value = self._get(key)
        if type(value) is not str or not value:
            return None
        return value if most is None else value[:most]

    def find_identifier(self, key: str) -> str | None:
        value = self._get(key)
        if type(value) is not str or not 0 < len(value) <= IDENTIFIER_WIDTH:
            return None
        return value

    def find_code(self, key: str) -> str | None:
        """A code that some write as a number and some as text."""
        value = self._get(key)
        if type(value) is int:
            value = str(value) if abs(value) < 10**39 else ""
        return value[:40] if type(value) is str and value else None

    def find_size(self, key: str) -> int | None:
        value = self._get(key)
        return value if type(value) is int and 0 <= value < 2**63 else None

    def find_section(self, key: str) -> "Reader | None":
        value = self._get(key)
        return Reader(value, self, key) if type(value) is dict else None

    def find_items(self, key: str) -> list["Reader"]:
        """The objects of a list, whatever else is in it or instead of it."""
        value = self._get(key)
        if type(value) is not list:
            return []
        parent = Reader(value, self, key)
        return [
            Reader(item, parent, index)
            for index, item in enumerate(value)
            if type(item) is dict
        ]

    def is_true(self, key: str) -> bool:
        return self._get(key) is True

    def find_flag(self, key: str) -> bool | None:
        """None where it is not told, or is neither true nor false."""
        value = self._get(key)
        return value if isinstance(value, bool) else None

    def find_moment(self, key: str) -> datetime | None:
        """Seconds or milliseconds since 1970, as number or text; None when absurd."""
        return moment(self._get(key))


def moment(value: Json) -> datetime | None:
    if type(value) is str and len(value) <= 20:
        value = int(value) if value.isascii() and value.isdecimal() else None
    if type(value) not in (int, float):
        return None
    if _MILLISECONDS_FROM <= value < _LATEST * 1000:
        value /= 1000
    if not _EARLIEST <= value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def find_header(headers: Mapping[str, str], name: str) -> str:
    """A header's value without the blanks around it; empty when it was not sent."""
    return headers.get(name, "").strip()


def _kind_of(value: Json) -> str:
    if value is None:
        return "nothing"
    names = {bool: "true or false", str: "text", dict: "an object", list: "a list"}
    return names.get(type(value), "a number")
