"""Evolution's answers that are no success, as our typed errors.

`{"status": 404, "error": "Not Found", "response": {"message": "…" or ["…", …]}}`
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
from integrations.providers.base.reader import Reader
from integrations.providers.base.redaction import mask
from integrations.providers.base.texts import gettext_noop as _

NOT_JSON: Final = _(
    "The address answers, but not as Evolution API does. Is it the right one?"
)


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    status = response.status_code
    code = f"http_{status}"
    detail = mask(words_of(body_of(response)), secrets)[:DETAIL_WIDTH]
    if status == 429:
        return Throttled(code, detail, retry_after=retry_after(response.headers))
    if status >= 500:
        return Unavailable(code, detail)
    if status in (401, 403):
        return CredentialsRefused(code, detail)
    return Refused(code, detail)


def is_own(response: HttpResponse) -> bool:
    """Whether Evolution itself refused. A proxy in front says 404 too, while it starts anew."""
    body = body_of(response)
    if response.status_code == 404:
        return bool(body.plain("status") == 404)
    return response.status_code in (401, 403, 429) or bool(body.value)


def words_of(body: Reader) -> str:
    told = body.find_section("response") or body
    message = told.plain("message")
    if type(message) is list:
        message = "; ".join(word for word in message if type(word) is str)
    if type(message) is str and message:
        return message
    return body.find_text("error") or ""
