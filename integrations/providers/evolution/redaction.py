"""What of a webhook body must not rest: the keys and codes the server puts into it.

`apikey` opens the instance, `destination` is our own URL with its token, `server_url` may
hold a password, and the code of a `qrcode.updated` pairs a phone, however the server writes
that word; nobody reads any of them from a stored body.
"""

import re
from typing import Final

_NAME: Final = rb'("(?<!\\")(?:%b)"\s*+:\s*+)'
_TEXT: Final = rb'"(?>[^"\\]+|\\.)*+"?'  # its end may be missing
_ALWAYS: Final = b"apikey|destination|server_url"
_KEYS: Final = re.compile(_NAME % _ALWAYS + _TEXT, re.DOTALL)
_KEYS_AND_CODES: Final = re.compile(
    _NAME % (_ALWAYS + b"|code|base64|pairingCode") + _TEXT, re.DOTALL
)
# Within a text every quotation mark is escaped, so that nobody can write this into one.
_PAIRS_A_PHONE: Final = re.compile(rb'"event"\s*+:\s*+"(?i:qrcode[._-]updated)"')


def without_secrets(body: bytes) -> bytes:
    """The body with null for each of them; the server itself writes null without a key."""
    pattern = _KEYS_AND_CODES if _PAIRS_A_PHONE.search(body) else _KEYS
    return pattern.sub(rb"\1null", body)
