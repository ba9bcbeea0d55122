"""Why asking a provider led to no report, as far as it tells a person what to do next."""

from dataclasses import dataclass
from typing import Final

from integrations.models import Problem
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberUnknown,
    OutcomeUnknown,
    PermissionMissing,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)

# The first that fits names the problem: what is narrower stands before what it is part of.
_PROBLEMS: Final[tuple[tuple[type[ProviderError], Problem], ...]] = (
    (PermissionMissing, Problem.PERMISSION_MISSING),
    (CredentialsRefused, Problem.KEY_WRONG),
    (NumberUnknown, Problem.NUMBER_WRONG),
    (Refused, Problem.REFUSED),
    (Throttled, Problem.BUSY),
    (Unreachable, Problem.UNREACHABLE),
    (Unavailable, Problem.UNAVAILABLE),
    (Unsupported, Problem.UNSUPPORTED),
)
# These will not pass by themselves: one answer is enough.
_FINAL: Final = frozenset(
    {
        Problem.KEY_WRONG,
        Problem.PERMISSION_MISSING,
        Problem.NUMBER_WRONG,
        Problem.REFUSED,
        Problem.CREDENTIALS_UNREADABLE,
    }
)
_LOST: Final = (
    "_timeout",
    "_failed",
    "_truncated",
)  # how http.py names what was cut off


@dataclass(frozen=True, slots=True)
class Failure:
    """Asking did not lead to a report. `reason` is the provider's word, without secrets.

    `code` is the error's own, which may be the name of the field that is wrong.
    """

    problem: Problem
    reason: str = ""
    retry_after: float | None = None
    code: str = ""

    @property
    def is_final(self) -> bool:
        return self.problem in _FINAL


def failure_of(error: ProviderError) -> Failure:
    """What an error of a provider means for a person."""
    reason = (error.detail or error.code)[:200]
    if isinstance(error, OutcomeUnknown):
        # Cut off or timed out on the way is out of reach; an answer that came and made no
        # sense (a page instead of JSON) is another matter.
        is_lost = error.code.endswith(_LOST)
        problem = Problem.UNREACHABLE if is_lost else Problem.UNREADABLE
        return Failure(problem, reason, code=error.code)
    for kind, problem in _PROBLEMS:
        if isinstance(error, kind):
            wait = error.retry_after if isinstance(error, Throttled) else None
            return Failure(problem, reason, wait, error.code)
    return Failure(Problem.UNREADABLE, reason, code=error.code)
