"""Meta's error codes and answers as our typed errors, for Meta and for 360dialog.

Read the code first: the HTTP status repeats it badly.
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from collections.abc import Iterable, Mapping
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import (
    CredentialsRefused,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.redaction import mask

RECONNECT: Final = frozenset({0, 3, 10, 190, 131005, 131045, *range(200, 300)})
THROTTLED: Final = frozenset({4, 80007, 130429, 131048, 131056, 131057, 132069, 133016})
UNAVAILABLE: Final = frozenset({131000, 131016, 131053, 135000})
DETAIL_WIDTH: Final = 300


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    """The error behind an answer that is no success, its words without our secrets."""
    told = body_of(response).find_section("error")
    code = told.value.get("code") if told is not None else None
    number = code if type(code) is int else None
    name = str(number) if number is not None else f"http_{response.status_code}"
    detail = mask(_detail_of(told), secrets)[:DETAIL_WIDTH]
    if number in RECONNECT:
        return CredentialsRefused(name, detail)
    if number in THROTTLED or response.status_code == 429:
        return Throttled(name, detail, retry_after=retry_after(response.headers))
    if number in UNAVAILABLE or response.status_code >= 500:
        return Unavailable(name, detail)
    if told is not None and told.is_true("is_transient"):
        return Unavailable(name, detail)
    if response.status_code in (401, 403):
        return CredentialsRefused(name, detail)
    return Refused(name, detail)


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


def _detail_of(error: Reader | None) -> str:
    if error is None:
        return ""
    data = error.find_section("error_data")
    details = data.find_text("details") if data else error.find_text("error_data")
    words = details or error.find_text("error_user_msg") or error.find_text("message")
    return words or ""
