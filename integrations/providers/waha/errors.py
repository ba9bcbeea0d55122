"""WAHA's answers as our typed errors. It has no codes of its own: the status is the code.

The words are `message` (one, or a list of what is wrong with the request), `error`, or
those of an exception that it let through.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.answers import DETAIL_WIDTH, body_of, retry_after
from integrations.providers.base.errors import (
    CredentialsRefused,
    PermissionMissing,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from integrations.providers.base.reader import Reader, read
from integrations.providers.base.redaction import mask
from integrations.providers.base.texts import gettext_noop as _

NOT_WAHA = _("What answers at this address is not WAHA.")


def error_of(response: HttpResponse, *, secrets: Iterable[str]) -> ProviderError:
    status = response.status_code
    code = f"http_{status}"
    body = body_of(response)
    detail = mask(_words_of(body), secrets)[:DETAIL_WIDTH]
    if status == 429:
        wait = retry_after(response.headers)
        return Throttled(code, detail, retry_after=wait)
    if status >= 500:
        return Unavailable(code, detail)
    if status == 401:
        return CredentialsRefused(code, detail)
    if status == 403:  # a key may be good for some sessions only
        return PermissionMissing(code, detail)
    if not body.value:
        return Refused("not_waha", NOT_WAHA)
    return Refused(code, detail)


def not_working(error: ProviderError, response: HttpResponse) -> Unavailable | None:
    """What a request meant that came to a session which is not working; it may again soon."""
    if response.status_code == 422 and "session status" in error.detail.lower():
        return Unavailable("session_not_ready", error.detail)
    return None


def is_own(response: HttpResponse) -> bool:
    """Whether WAHA itself says so. A proxy in front says 404 too, while WAHA starts anew.

    https://github.com/devlikeapro/waha/issues/546
    """
    return bool(body_of(response).plain("statusCode") == response.status_code)


def answer_of(response: HttpResponse) -> Reader:
    """The object that WAHA answered; a page of HTML comes from somebody else."""
    try:
        return read(response.content)
    except Unreadable:
        raise Refused("not_waha", NOT_WAHA) from None


@contextmanager
def soon_again() -> Iterator[None]:
    """Around questions to a server that was a WAHA: whoever else answers stands in for it."""
    try:
        yield
    except Refused as error:
        if error.code != "not_waha":
            raise
        raise Unavailable("unreadable_answer", NOT_WAHA) from None


def _words_of(body: Reader) -> str:
    several = body.plain("message")
    if type(several) is list:
        return "; ".join(each for each in several if type(each) is str)
    exception = body.find_section("exception") or Reader({})
    return (
        body.find_text("message")
        or body.find_text("error")
        or exception.find_text("message")
        or ""
    )
