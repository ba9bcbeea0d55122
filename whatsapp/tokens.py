"""First-touch tokens: how they are made, found in a text, and rescued when damaged.

A token is ten characters of Crockford's base32 (no I, L, O, U): nine random ones (45 bits)
and a check character, the sum over GF(32) of each value times a different power of a
generator. That detects every single wrong character and every swap of two different
neighbours, which is what people do to a token when they edit the text around it.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
# Characters people read or type for another one: free, no rescue needed.
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# The mark in front of a token, in spite of what Markdown, quoting and messengers put around
# and into it, of a link's percent signs, and of an N that slipped behind the colon.
_MARK = re.compile(r"VM(?:%[0-9A-F]{2}|[\W_]){0,3}TOKEN?(?:%[0-9A-F]{2}|[\W_]){0,24}")
# What is imported from another system may carry that system's own, longer or hyphened token.
_WRITTEN = re.compile(r"(?P<plain>[0-9A-Z]{4,64})(?:[-_]+[0-9A-Z]+)*")
_LONGEST = 64
# The same run where spaces, line breaks, hyphens or a wrong character cut it into pieces.
_PIECES = re.compile(r"[^0-9A-Z]{0,3}[0-9A-Z]+(?:[^0-9A-Z]{1,3}[0-9A-Z]+){0,15}")
_BETWEEN = re.compile(r"[^0-9A-Z]+")
# A tenth character by itself; the first letter of the next word may only happen to fit.
_LAST = re.compile(r"[^0-9A-Z]{1,3}[0-9A-Z](?![0-9A-Z])")
# A word as long as a token, in a text that may have lost the mark. Digits alone are an order
# or a phone.
_ALONE = re.compile(r"(?<![^\W_])[0-9A-Z]{10}(?![^\W_])")
_TAIL = 100
_MOST = 8  # marks, and words alone, that one text is read for: others are nobody's


def _multiply(a: int, b: int) -> int:
    """Product in GF(32), reduced by x^5 + x^2 + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 32:
            a ^= 0b100101
        b >>= 1
    return product


def _weights() -> list[list[int]]:
    """What each value adds to the sum, by position; the check character counts as it is."""
    rows = []
    factor = 1
    for _ in range(LENGTH - 1):
        rows.append([_multiply(value, factor) for value in range(32)])
        factor = _multiply(factor, 2)
    return [*rows, list(range(32))]


_WEIGHTS = _weights()
# The other way round: the one character that adds this much in this position.
_CHARS = [
    "".join(ALPHABET[row.index(added)] for added in range(32)) for row in _WEIGHTS
]


def check_character(payload: str) -> str:
    total = 0
    for row, char in zip(_WEIGHTS[:-1], payload, strict=True):
        total ^= row[_VALUE[char]]
    return ALPHABET[total]


def new_token() -> str:
    """Never of digits alone, which far from its mark would be read as an order or a phone."""
    while True:
        payload = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        token = payload + check_character(payload)
        if not token.isdecimal():
            return token


def is_intact(candidate: str) -> bool:
    """True for ten characters of the alphabet whose last one checks."""
    return (
        len(candidate) == LENGTH
        and all(char in _VALUE for char in candidate)
        and check_character(candidate[:-1]) == candidate[-1]
    )


def normalise(text: str) -> str:
    """Undo what phones and people do to a text around a token."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).upper()


@dataclass(frozen=True, slots=True)
class Found:
    """What in a text could be a token, in three readings, best first and each once.

    `marked` stands behind the mark and is looked for as it is; `damaged` stands there too
    and could be an intact token after one slip; `alone` is intact, but far from any mark.
    """

    marked: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.marked or self.damaged or self.alone)

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.marked, *self.damaged, *self.alone)


NOTHING = Found()


def find(text: str) -> Found:
    """Everything in a text that could be a token, of ours or of another system."""
    # Below U+0300 only the soft hyphen hides inside a word, and no letter stands for another.
    is_simple = text.isascii() or (max(text) < "\u0300" and "\u00ad" not in text)
    plain = text.upper() if is_simple else normalise(text)
    marks = list(_MARK.finditer(plain))[:_MOST] if "TOKE" in plain else []
    words = (word for word in _ALONE.findall(plain) if not word.isdecimal())
    alone = [_as_meant(word) for word in words]
    alone = [word for word in dict.fromkeys(alone) if is_intact(word)][:_MOST]
    if not marks and not alone:
        return NOTHING
    marked: list[str] = []
    damaged: list[str] = []
    for mark in marks:
        _read_behind(plain[mark.end() : mark.end() + _TAIL], marked, damaged)
    return Found(
        tuple(dict.fromkeys(marked)),
        tuple(dict.fromkeys(damaged)),
        tuple(word for word in alone if word not in marked),
    )


def _read_behind(tail: str, marked: list[str], damaged: list[str]) -> None:
    """Add what the text behind a mark could be: ours first, then another system's."""
    cut = _PIECES.match(tail)
    joined = _as_meant(_BETWEEN.sub("", cut[0])) if cut else ""
    written = _WRITTEN.match(tail)
    plain = written["plain"] if written else ""
    # One character more may be a slip of the finger; more of them are the next words.
    is_slip = len(plain) == LENGTH + 1
    if written and len(plain) == LENGTH - 1:
        is_slip = _LAST.match(tail, written.end("plain")) is None
    if not is_slip and is_intact(joined[:LENGTH]):
        marked.append(joined[:LENGTH])
    if written:
        marked += [written[0][:_LONGEST], plain]
    if LENGTH - 1 <= len(plain) <= LENGTH + 1:
        readings = [_as_meant(plain)]
    elif is_intact(_as_meant(plain[:LENGTH])):
        readings = []
    else:
        sizes = (LENGTH, LENGTH - 1, LENGTH + 1)
        readings = [joined[:size] for size in sizes if len(joined) >= size]
    damaged += [reading for reading in readings if not is_intact(reading)]


def _as_meant(run: str) -> str:
    return run.translate(_LOOKALIKES)


def rescues(candidate: str) -> list[str]:
    """The intact tokens one slip away: wrong, missing, doubled or swapped characters."""
    possible: set[str] = set()
    if len(candidate) == LENGTH:
        for at in range(LENGTH):
            possible.add(_filled(candidate[:at], candidate[at + 1 :]))
        for at in range(LENGTH - 1):
            pair = candidate[at + 1] + candidate[at]
            possible.add(candidate[:at] + pair + candidate[at + 2 :])
    elif len(candidate) == LENGTH - 1:
        for at in range(LENGTH):
            possible.add(_filled(candidate[:at], candidate[at:]))
    elif len(candidate) == LENGTH + 1:
        possible.update(
            candidate[:at] + candidate[at + 1 :] for at in range(LENGTH + 1)
        )
    possible.discard(candidate)
    return sorted(token for token in possible if is_intact(token))


def _filled(head: str, tail: str) -> str:
    """The intact token with one character between the two; empty where none can be."""
    at, missing = len(head), 0
    for row, char in zip(_WEIGHTS[:at] + _WEIGHTS[at + 1 :], head + tail, strict=True):
        if char not in _VALUE:
            return ""
        missing ^= row[_VALUE[char]]
    return head + _CHARS[at][missing] + tail
