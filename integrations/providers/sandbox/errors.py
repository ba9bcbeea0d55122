"""The sandbox gateway's answers that are no success, as our typed errors.

{"error": "key_refused", "message": "…"}
"""

from collections.abc import Iterable
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.answers import DETAIL_WIDTH, body_of, retry_after
from integrations.providers.base.errors import (
    CredentialsRefused,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from integrations.providers.base.redaction import mask
from integrations.providers.base.texts import gettext_noop as _

NOT_LINKED: Final = "not_linked"
NOT_JSON: Final = _("Something else than the sandbox answers at its address.")


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    status = response.status_code
    body = body_of(response)
    named = body.find_text("error", most=40) or ""
    # A word names what it is about; only numbers are codes of a message, as Meta has them.
    is_code = named.isascii() and named.isdigit()
    code = named if is_code or named == NOT_LINKED else f"http_{status}"
    detail = mask(body.find_text("message") or "", secrets)[:DETAIL_WIDTH]
    if status == 429:
        return Throttled(code, detail, retry_after=retry_after(response.headers))
    if status >= 500:
        return Unavailable(code, detail)
    if status in (401, 403):
        return CredentialsRefused(code, detail)
    return Refused(code, detail)
