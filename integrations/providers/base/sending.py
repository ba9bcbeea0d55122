"""What an answer to a send means: yes, no, or nobody knows.

An error of a question may be taken at its word, since asking twice does no harm. A send is
another matter: after its bytes were written, only two things are certain. A 2xx that names
the message is a yes. A 4xx, or a code by which the provider says that it did nothing, is a
no. Everything else (a 5xx, a redirect, a page of HTML, half an answer, a 200 without an id)
may have been acted on, and is OutcomeUnknown, which nobody repeats by themselves.
"""

from typing import Final

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import (
    OutcomeUnknown,
    ProviderError,
    Unreadable,
)
from integrations.providers.base.reader import Reader, read

# The server gave up waiting for the rest of what it may have begun to act on.
_TIMED_OUT: Final = 408


def is_success(response: HttpResponse) -> bool:
    return 200 <= response.status_code < 300


def verdict(
    error: ProviderError, response: HttpResponse, *, says_no: bool = False
) -> ProviderError:
    """The error as it stands where it is a definite no, else OutcomeUnknown.

    `error` is what the answer would mean to a question; `says_no` whether its code is one
    by which the provider tells that nothing was sent.
    """
    status = response.status_code
    if says_no or (400 <= status < 500 and status != _TIMED_OUT):
        return error
    return OutcomeUnknown(error.code, error.detail)


def read_answer(response: HttpResponse) -> Reader:
    """The object within a success."""
    try:
        return read(response.content)
    except Unreadable:
        pass
    raise OutcomeUnknown("unreadable_answer", "not JSON")


def message_id(found: str | None) -> str:
    """The id that makes a success a certain one."""
    if not found:
        raise OutcomeUnknown("no_message_id")
    return found
