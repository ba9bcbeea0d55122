"""Meta's error codes and answers as our typed errors, for Meta and for 360dialog.

Read the code first: the HTTP status repeats it badly.
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from collections.abc import Iterable
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.answers import DETAIL_WIDTH as DETAIL_WIDTH  # noqa: PLC0414  # told on
from integrations.providers.base.answers import body_of as body_of  # noqa: PLC0414  # told on
from integrations.providers.base.answers import retry_after as retry_after  # noqa: PLC0414  # told on
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberUnknown,
    PermissionMissing,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.redaction import mask
from integrations.providers.cloud_payload.catalogue import FINAL

RECONNECT: Final = frozenset({0, 190, 131045})
PERMISSION: Final = frozenset({3, 10, 131005, *range(200, 300)})
UNKNOWN_OBJECT: Final = (100, 33)  # code and subcode: no such id, or not for this key
THROTTLED: Final = frozenset({4, 80007, 130429, 131048, 131056, 131057, 132069, 133016})
TEMPLATE_REFUSED: Final = range(2388000, 2389000)
UNAVAILABLE: Final = frozenset({131000, 131016, 131053, 135000})


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    """The error behind an answer that is no success, its words without our secrets."""
    told = body_of(response).find_section("error")
    code = told.value.get("code") if told is not None else None
    number = code if type(code) is int else None
    name = str(number) if number is not None else f"http_{response.status_code}"
    subcode = told.value.get("error_subcode") if told is not None else None
    if type(subcode) is int and subcode in TEMPLATE_REFUSED:
        name = str(subcode)  # says more than the 100 that it comes with
    detail = mask(_detail_of(told), secrets)[:DETAIL_WIDTH]
    if number in RECONNECT:
        return CredentialsRefused(name, detail)
    if number in PERMISSION:
        return PermissionMissing(name, detail)
    if told is not None and (number, told.value.get("error_subcode")) == UNKNOWN_OBJECT:
        return NumberUnknown(name, detail)
    if number in THROTTLED or response.status_code == 429:
        return Throttled(name, detail, retry_after=retry_after(response.headers))
    if name in FINAL:
        return Refused(name, detail)
    if number in UNAVAILABLE or response.status_code >= 500:
        return Unavailable(name, detail)
    if told is not None and told.is_true("is_transient"):
        return Unavailable(name, detail)
    if response.status_code in (401, 403):
        return CredentialsRefused(name, detail)
    return Refused(name, detail)


def _detail_of(error: Reader | None) -> str:
    if error is None:
        return ""
    data = error.find_section("error_data")
    details = data.find_text("details") if data else error.find_text("error_data")
    words = details or error.find_text("error_user_msg") or error.find_text("message")
    return words or ""
