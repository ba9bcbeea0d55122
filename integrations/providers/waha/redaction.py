"""What of a webhook body must not rest: the challenge of a passkey.

WAHA tells it as `data` of a `session.status`, beside the state and within the list of those
before it; nobody reads it from a stored body, in no state.
"""

import json
import re
from typing import Final

# Within a text every quotation mark is escaped, so that nobody can write these into one.
_IS_STATUS: Final = re.compile(rb'"event"\s*+:\s*+"session\.status"')
_DATA: Final = re.compile(r'"(?<!\\")data"\s*+:\s*+')
_read: Final = json.JSONDecoder().raw_decode


def without_secrets(body: bytes) -> bytes:
    """The body with null for each of them; every other byte stays."""
    if not _IS_STATUS.search(body):
        return body
    text = body.decode("latin-1")  # one character for each byte
    kept, at = [], 0
    while (found := _DATA.search(text, at)) is not None:
        kept += [text[at : found.end()], "null"]
        try:
            at = _read(text, found.end())[1]
        except (ValueError, RecursionError):  # no end, or none that can be found
            at = len(text)
    return "".join([*kept, text[at:]]).encode("latin-1")
