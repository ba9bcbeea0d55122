"""One question or order to the provider of a session, outside transactions.

`sessions` and `removal` come before; they hold the lease. What goes wrong is a value here.
"""

import logging
from collections.abc import Callable

from accounts.scoping import workspace_transaction
from integrations import gateway, health, settling
from integrations.gateway import CredentialsUnreadable, Line
from integrations.health import Failure
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
from integrations.services import webhook_urls

logger = logging.getLogger("integrations")


class NotConnectable(Exception):
    """The number has no integration (it was removed), so there is nobody to ask."""


def ask(
    integration: Integration,
    channel_id: int,
    question: Callable[[Line], SessionReport],
) -> SessionReport | Failure:
    """One question to a provider; whatever is wrong is a value."""
    try:
        return question(gateway.open_line(integration, channel_id=channel_id))
    except ProviderError as error:
        return health.failure_of(error)
    except CredentialsUnreadable:
        return Failure(Problem.CREDENTIALS_UNREADABLE)
    except registry.UnknownProvider:
        return Failure(Problem.UNSUPPORTED)


def order(session: Session, what: Callable[[Session, Line], None]) -> Failure | None:
    """One order to a provider about a session; None when it was carried out."""
    channel = channel_of(session)

    def question(line: Line) -> SessionReport:
        what(session, line)
        return SessionReport(state=SessionState.DISCONNECTED)

    answer = ask(integration_of(channel), channel.pk, question)
    return answer if isinstance(answer, Failure) else None


def close(session: Session, line: Line) -> None:
    line.adapter.close_session(session.external_id, line.credentials, line.http)


def close_unwanted(channel: Channel, external_id: str) -> None:
    """Close what was opened and nobody waits for any more; in vain or not."""
    unwanted = Session(workspace_id=channel.workspace_id, channel=channel)
    unwanted.external_id = external_id
    if order(unwanted, close) is not None:
        ids = {"channel_id": channel.pk, "workspace_id": channel.workspace_id}
        logger.warning("unwanted session not closed", extra=ids)


def status(session: Session, integration: Integration, line: Line) -> SessionReport:
    """How it stands; a code that ran out is asked for anew, which opening does."""
    report = line.adapter.session_status(
        session.external_id, line.credentials, line.http
    )
    has_none = not report.payload and not report.pairing_code
    is_waiting = report.state == SessionState.AWAITING_USER and _is_awaited(session)
    if has_none and is_waiting and session.kind == SessionKind.QR:
        wish = SessionWish(webhook_url=webhook_urls.current(integration))
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
