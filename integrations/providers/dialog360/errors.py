"""360dialog's answers as our typed errors: Meta's shape, its own, and a bare text.

Its gateway says "rate limit" with a 400, so the words count where no code is given.
"""

from collections.abc import Iterable
from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import (
    CredentialsRefused,
    PermissionMissing,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.redaction import mask
from integrations.providers.cloud_payload import errors as cloud

# What its gateway says with a bare 400, told apart for people: see catalogue.py.
_BY_WORDS: Final = (("unpaid", "unpaid"), ("disabled", "api_disabled"))


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    body = cloud.body_of(response)
    if body.find_section("error") is not None:
        return cloud.error_of(response, secrets=secrets)
    status = response.status_code
    code = f"http_{status}"
    detail = mask(_words_of(body), secrets)[: cloud.DETAIL_WIDTH]
    words = detail.lower()
    if status == 429:
        wait = cloud.retry_after(response.headers)
        return Throttled(code, detail, retry_after=wait)
    if status == 400 and "rate limit" in words:
        wait = cloud.retry_after(response.headers)
        return Throttled("rate_limit", detail, retry_after=wait)
    if status == 400:
        code = next((name for told, name in _BY_WORDS if told in words), code)
    if status >= 500:
        return Unavailable(code, detail)
    if status == 401:
        return CredentialsRefused(code, detail)
    if status == 403:
        return PermissionMissing(code, detail)
    return Refused(code, detail)


def _words_of(body: Reader) -> str:
    meta = body.find_section("meta")
    words = meta.find_text("developer_message") if meta else None
    return words or body.find_text("error") or body.find_text("message") or ""
