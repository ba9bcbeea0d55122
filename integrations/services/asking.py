"""One question or order to the provider of a session, outside transactions.

`sessions` and `removal` come before; they hold the lease. What goes wrong is a value here.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from accounts.scoping import workspace_transaction
from integrations import claims, gateway, settling
from integrations.failures import Failure, failure_of
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import (
    Channel,
    Integration,
    Problem,
    Session,
    SessionKind,
    SessionState,
)
from integrations.providers import registry
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import SessionReport, SessionWish
from integrations.services import leases, places, webhook_urls

_Answer = TypeVar("_Answer")

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)

logger = logging.getLogger("integrations")


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """All questions asked inside take no longer than this together: somebody waits."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


class NotConnectable(Exception):
    """The number has no integration (it was removed), so there is nobody to ask."""


def ask(
    integration: Integration,
    channel_id: int,
    question: Callable[[Line], _Answer],
    *,
    is_leased: bool = True,
    budget: float | None = None,
) -> _Answer | Failure:
    """One question to a provider, shorter than a lease where one is held, and of `budget`
    seconds at most; whatever is wrong is a value."""
    limit = (leases.BUDGET if budget is None else budget) if is_leased else None
    ends_at = _ends_at.get()
    if ends_at is not None:
        left = max(ends_at - time.monotonic(), 0.0)
        limit = left if limit is None else min(limit, left)
    try:
        line = gateway.open_line(integration, channel_id=channel_id, budget=limit)
        return question(line)
    except ProviderError as error:
        return failure_of(error)
    except CredentialsUnreadable:
        return Failure(Problem.CREDENTIALS_UNREADABLE)
    except registry.UnknownProvider:
        return Failure(Problem.UNSUPPORTED)


def order(
    session: Session,
    what: Callable[[Session, Line], None],
    *,
    budget: float | None = None,
) -> Failure | None:
    """One order to a provider about a session; None when it was carried out."""
    channel = channel_of(session)

    def question(line: Line) -> SessionReport:
        what(session, line)
        return SessionReport(state=SessionState.DISCONNECTED)

    answer = ask(integration_of(channel), channel.pk, question, budget=budget)
    return answer if isinstance(answer, Failure) else None


def posting_to(channel: Channel, integration: Integration) -> str:
    """The URL that an instance is given with its session.

    Empty where another workspace has the number: an instance has one webhook, and it is theirs.
    """
    if claims.is_anothers(channel):
        return ""
    return webhook_urls.current(integration)


def leave(session: Session) -> Failure | None:
    """Close it at the provider; nothing where what is open there is another workspace's."""
    if is_theirs(channel_of(session), session):
        return None
    return order(session, close)


def is_theirs(channel: Channel, session: Session | None) -> bool:
    """Whether what lives at the provider is another workspace's, which has the number.

    What came in by a code that was shown here is ours to close, whoever has the number.
    """
    is_by_our_code = session is not None and session.code_shown_at is not None
    return not is_by_our_code and claims.is_anothers(channel)


def close(session: Session, line: Line) -> None:
    line.adapter.close_session(session.external_id, line.credentials, line.http)


def close_unwanted(
    channel: Channel, external_id: str, *, budget: float | None = None
) -> None:
    """Turn out whoever took the code that we had shown; in vain or not.

    Not where another number of ours lives too: it may be the very one that is linked.
    """
    if places.is_shared(channel):
        _tell_open(channel)
    else:
        _order_unwanted(channel, external_id, _evict, budget=budget)


def close_abandoned(channel: Channel, external_id: str) -> None:
    """Close what was opened and nobody waits for any more; in vain or not."""
    if claims.is_anothers(channel):
        _tell_open(channel)  # what is linked there may be theirs
    else:
        _order_unwanted(channel, external_id, close)


def _order_unwanted(
    channel: Channel,
    external_id: str,
    what: Callable[[Session, Line], None],
    *,
    budget: float | None = None,
) -> None:
    unwanted = Session(workspace_id=channel.workspace_id, channel=channel)
    unwanted.external_id = external_id
    if order(unwanted, what, budget=budget) is not None:
        _tell_open(channel)


def _tell_open(channel: Channel) -> None:
    ids = {"channel_id": channel.pk, "workspace_id": channel.workspace_id}
    logger.warning("unwanted session not closed", extra=ids)


def _evict(session: Session, line: Line) -> None:
    line.adapter.evict_session(session.external_id, line.credentials, line.http)


def status(session: Session, integration: Integration, line: Line) -> SessionReport:
    """How it stands; a code that ran out is asked for anew, which opening does.

    With a reason the provider waits for something else than a code: see waha/states.py.
    """
    report = line.adapter.session_status(
        session.external_id, line.credentials, line.http
    )
    has_none = not (report.payload or report.pairing_code or report.reason)
    is_waiting = report.state == SessionState.AWAITING_USER and _is_awaited(session)
    if has_none and is_waiting and session.kind == SessionKind.QR:
        wish = SessionWish(webhook_url=posting_to(channel_of(session), integration))
        return line.adapter.create_session(line.credentials, line.http, wish)
    return report


def _is_awaited(session: Session) -> bool:
    """Whether somebody may be sitting in front of it, to scan a code."""
    ends = session.expires_at
    return ends is not None and settling.database_now() < ends


def channel_of(session: Session) -> Channel:
    """The channel of a session, as it is now."""
    with workspace_transaction(session.workspace_id):
        channel: Channel = Channel.objects.for_workspace(session.workspace_id).get(
            pk=session.channel_id
        )
    return channel


def integration_of(channel: Channel) -> Integration:
    """Whom to ask about a channel, or NotConnectable."""
    with workspace_transaction(channel.workspace_id):
        found: Integration | None = (
            Integration.objects.for_workspace(channel.workspace_id)
            .filter(channels=channel)
            .first()
        )
    if found is None:
        raise NotConnectable
    return found
