"""Folded text: how room 2 writes down what it wants to find again without accents.

Services store it beside messages and names, selectors fold what a person types.
"""

import re
import unicodedata
from itertools import filterfalse

# A tsvector holds one megabyte; this much of a message is searchable, all of it is kept.
LONGEST = 50_000
_NOT_WORDS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """The words of a text, in lower case, no accents: `Pão, FRANCÊS!` is `pao frances`.

    Everything but letters and digits becomes a space, so that PostgreSQL's parser sees
    the same words in a stored text and in a query, addresses and hyphens included.
    """
    folded = text[:LONGEST].casefold()
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFKD", folded)
        plain = "".join(filterfalse(unicodedata.combining, decomposed))
        folded = unicodedata.normalize("NFKC", plain).casefold()
    return _NOT_WORDS.sub(" ", folded).strip()[:LONGEST]
