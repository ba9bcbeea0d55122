"""What every provider's answers have in common, whatever its dialect."""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, read

DETAIL_WIDTH: Final = 300


def body_of(response: HttpResponse) -> Reader:
    """A success whose body is no object tells nothing, which is not the caller's error."""
    try:
        return read(response.content)
    except Unreadable:
        return Reader({})


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; the date form of the header is not worth its parser here."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.isascii() and value.isdecimal():
            return float(value[:6])
    return None
