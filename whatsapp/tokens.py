"""First-touch tokens: how they are made, found in a text, and rescued when damaged.

A token is ten characters of Crockford's base32 (no I, L, O, U): nine random ones (45 bits)
and a check character, the sum over GF(32) of each value times a different power of a
generator. That detects every single wrong character and every swap of two different
neighbours, which is what people do to a token when they edit the text around it.
"""

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
# Characters people read or type for another one: free, no rescue needed.
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
# Marks that Markdown, quoting and messengers put around or into `vm_token:XXX`. What is
# imported from another system may carry that system's own, longer or hyphened token.
_MARKER = re.compile(
    r"VM[\W_]{0,3}TOKEN[\W_]{0,8}(?P<long>(?P<plain>[0-9A-Z]{4,64})(?:[-_]+[0-9A-Z]+)*)"
)
_LONGEST = 64


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


def _power_table() -> list[list[int]]:
    rows = []
    factor = 1
    for _ in range(LENGTH - 1):
        rows.append([_multiply(value, factor) for value in range(32)])
        factor = _multiply(factor, 2)
    return rows


_POWERS = _power_table()


def check_character(payload: str) -> str:
    total = 0
    for table, char in zip(_POWERS, payload, strict=True):
        total ^= table[_VALUE[char]]
    return ALPHABET[total]


def new_token() -> str:
    payload = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return payload + check_character(payload)


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


def find_candidates(text: str) -> list[str]:
    """What could be the token after `vm_token` in a text, best reading first, each once.

    The plain run of letters and digits comes with its look-alikes read as meant, then as
    written, then with its hyphened parts. Ours may be damaged: `is_intact` tells,
    `rescues` lists what it could be.
    """
    # Below U+0300 only the soft hyphen hides inside a word, and no letter stands for another.
    is_simple = text.isascii() or (max(text) < "\u0300" and "\u00ad" not in text)
    if is_simple and "token" not in text.lower():
        return []
    found: list[str] = []
    for match in _MARKER.finditer(normalise(text)):
        plain = match["plain"]
        found += [plain.translate(_LOOKALIKES), plain, match["long"][:_LONGEST]]
    return list(dict.fromkeys(found))


def rescues(candidate: str) -> list[str]:
    """Every intact token one slip away: wrong, missing, doubled or swapped characters."""
    possible: set[str] = set()
    if len(candidate) == LENGTH:
        for at in range(LENGTH):
            head, tail = candidate[:at], candidate[at + 1 :]
            possible.update(head + char + tail for char in ALPHABET)
        for at in range(LENGTH - 1):
            pair = candidate[at + 1] + candidate[at]
            possible.add(candidate[:at] + pair + candidate[at + 2 :])
    elif len(candidate) == LENGTH - 1:
        for at in range(LENGTH):
            head, tail = candidate[:at], candidate[at:]
            possible.update(head + char + tail for char in ALPHABET)
    elif len(candidate) == LENGTH + 1:
        possible.update(
            candidate[:at] + candidate[at + 1 :] for at in range(LENGTH + 1)
        )
    possible.discard(candidate)
    return sorted(token for token in possible if is_intact(token))
