"""Removing a number: what it was connected with goes, what people wrote stays.

Goes: the credentials, the webhook URLs, the provider's session, a link that waits. Stays:
the channel, switched off, with its conversations, its episodes and its log of exchanges, and
everything else finds them again when the number is connected anew.
"""

import logging
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from accounts import audit
from accounts.scoping import workspace_transaction
from integrations import claims, settling
from integrations.failures import Failure
from integrations.gateway import Line
from integrations.models import (
    Channel,
    ChannelState,
    EpisodeEnd,
    Integration,
    Session,
)
from integrations.providers.base.types import SessionReport
from integrations.services import asking, places, sessions
from integrations.services.asking import NotConnectable
from integrations.services.sessions import Actor

logger = logging.getLogger("integrations")


@dataclass(frozen=True, slots=True)
class Removed:
    """`left_behind` says why the provider could not be told: then somebody does it there."""

    channel: Channel
    left_behind: Failure | None = None


def remove(channel: Channel, *, actor: Actor) -> Removed:
    """Remove a number from its provider and from here. Safe to repeat.

    The provider is told first, while there are credentials to tell it with; that it does
    not answer is no reason to keep them.
    """
    session = sessions.find_session(channel)
    if session is not None and session.is_open:
        sessions.take_over(session)  # whoever asks right now: their answer is void
    failure = _leave(channel, session)
    with workspace_transaction(channel.workspace_id):
        # The session before its channel, as whoever writes an answer holds them.
        settling.hold_open(channel)
        row: Channel = (
            Channel.objects.for_workspace(channel.workspace_id)
            .select_for_update(of=("self",))
            .get(pk=channel.pk)
        )
        integration_id = row.integration_id
        _end_session(row)
        claims.let_go(row)
        row.integration, row.is_active = None, False
        row.state = ChannelState.DISCONNECTED
        row.save(update_fields=["integration", "is_active", "state"])
        if integration_id is not None:
            _forget(row, integration_id, actor=actor, failure=failure)
    return Removed(row, failure)


def _leave(channel: Channel, session: Session | None) -> Failure | None:
    external_id = session.external_id if session is not None else ""

    def question(line: Line) -> SessionReport:
        line.adapter.remove_session(external_id, line.credentials, line.http)
        return SessionReport(state="disconnected")

    try:
        integration = asking.integration_of(channel)
    except NotConnectable:
        return None  # removed before
    if places.is_shared(channel) or asking.is_theirs(channel, session):
        return None  # what is there is the other number's
    answer = asking.ask(integration, channel.pk, question)
    return answer if isinstance(answer, Failure) else None


def _end_session(channel: Channel) -> None:
    now = settling.database_now()
    held = settling.hold_open(channel)
    if held is not None:
        settling.end(held, reason="removed by a person", now=now)
    settling.close_episode(
        channel.workspace_id, channel.pk, now=now, end=EpisodeEnd.TAKEN_OFF
    )


def _forget(
    channel: Channel, integration_id: int, *, actor: Actor, failure: Failure | None
) -> None:
    """Delete the integration, unless another number is connected with it."""
    workspace_id = channel.workspace_id
    channels = Channel.objects.for_workspace(workspace_id)
    integration = (
        Integration.objects.for_workspace(workspace_id)
        .select_for_update()
        .get(pk=integration_id)
    )
    is_shared = channels.filter(integration_id=integration_id).exists()
    audit.record(
        workspace=channel.workspace,
        action="integration.removed",
        actor=actor.user,
        actor_label=actor.label if actor.user is None else "",
        target=str(integration.key),
        details={
            "channel": str(channel.key),
            "provider": channel.provider,
            "provider_was_told": failure is None,
            "credentials_deleted": not is_shared,
        },
    )
    if not is_shared:
        integration.delete()
    ids = {
        "integration_id": integration_id,
        "channel_id": channel.pk,
        "workspace_id": workspace_id,
    }
    transaction.on_commit(partial(logger.info, "integration removed", extra=ids))
