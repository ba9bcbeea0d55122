"""Sends whose outcome nobody knows, and sends that failed: asking, sending again, letting go.

A status of the message settles an unknown outcome by itself (statuses.py). Where a provider
can be asked it is; otherwise a person decides.
"""

from datetime import datetime, timedelta
from typing import Final

from accounts import audit, bulk
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable
from integrations.models import ChannelLog
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.outgoing import SendResult
from integrations.providers.base.outgoing_json import load_message
from whatsapp.models import MediaAsset, Message, OutboxEntry, OutboxState
from whatsapp.services import outbox, outbox_results

# After this long nobody asks a provider any more.
LOOK_UP_FOR: Final = timedelta(hours=24)
LOOK_UP_SECONDS: Final = 8.0
_MOST_LOOK_UPS: Final = 20
_SENDABLE_AGAIN: Final = frozenset(
    {OutboxState.UNCERTAIN, OutboxState.FAILED, OutboxState.DROPPED}
)
_DROPPABLE: Final = frozenset({OutboxState.DUE, OutboxState.UNCERTAIN})


class NotPossible(ValueError):
    """The send is not in a state in which that could be done; it may have changed."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def send_again(
    entry: OutboxEntry, *, actor: User, now: datetime, ip: str | None = None
) -> outbox.Promise:
    """Promise the same message anew, because a person says so; twice asked is once sent.

    It is a message of its own, so that the thread shows the truth whatever the first one
    turns out to have become. A send that failed on the way to the person, after the
    provider had accepted it, may be sent again too.
    """
    workspace_id = entry.workspace_id
    with workspace_transaction(workspace_id):
        held = _hold(entry)
        message = held.message
        if held.state not in _SENDABLE_AGAIN and message.status != "failed":
            raise NotPossible(held.state)
        sent = load_message(held.payload)
        draft = outbox.Draft(
            business_key=f"again:{held.pk}",
            channel_id=held.channel_id,
            recipient=sent.recipient,
            content=sent.content,
            text=message.text,
            shown=message.content.get("shown") or {},
            conversation_id=message.conversation_id,
            reply_to=sent.reply_to,
            author_id=actor.pk,
            is_bulk=held.is_bulk,
        )
        promise = outbox.enqueue(workspace_id, draft, now=now)
        if promise.is_new:
            _copy_media(message, promise.message_id, now=now)
            _let_go(held, "sent_again", now=now)
            _note("send.repeated", held, actor=actor, now=now, ip=ip)
    return promise


def drop(
    entry: OutboxEntry, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    """Give up on it: what still waits is not sent, what is unconfirmed stays so.

    Raises NotPossible when it is on its way or over already.
    """
    with workspace_transaction(entry.workspace_id):
        held = _hold(entry)
        if held.state == OutboxState.DROPPED:
            return
        if held.state not in _DROPPABLE:
            raise NotPossible(held.state)
        if held.state == OutboxState.DUE:
            Message.objects.for_workspace(entry.workspace_id).filter(
                pk=held.message_id, status="queued"
            ).update(status="failed", error_code="dropped", status_at=now)
        _let_go(held, "dropped", now=now)
        _note("send.dropped", held, actor=actor, now=now, ip=ip)


def look_up(*, now: datetime) -> int:
    """Ask providers that can tell what became of unconfirmed sends; how many were found."""
    rows = bulk.run(
        """
        SELECT entry_workspace_id, entry_id FROM whatsapp_outbox_end_leases(true)
         WHERE entry_state = 'uncertain'
        """
    )
    by_workspace: dict[int, list[int]] = {}
    for workspace_id, id_ in rows:
        by_workspace.setdefault(workspace_id, []).append(id_)
    return sum(
        _look_up_workspace(workspace_id, ids, now=now)
        for workspace_id, ids in by_workspace.items()
    )


def _look_up_workspace(workspace_id: int, ids: list[int], *, now: datetime) -> int:
    """The next look-up is twice as far away as the last; None after a day."""
    with workspace_transaction(workspace_id):
        entries = list(
            OutboxEntry.objects.for_workspace(workspace_id)
            .filter(pk__in=ids, state=OutboxState.UNCERTAIN)
            .select_related("channel__integration")
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("pk")
        )
        asked = [entry for entry in entries if _can_be_asked(entry)][:_MOST_LOOK_UPS]
        wanted = {entry.pk for entry in asked}
        for entry in entries:
            since = entry.submitted_at or entry.created_at
            is_over = entry.pk not in wanted and not _can_be_asked(entry)
            pause = max(now - since, timedelta(seconds=10))
            # `infinity` cannot be stored through Django: far enough is a century.
            entry.next_at = now + (
                timedelta(days=36500) if is_over or pause > LOOK_UP_FOR else pause
            )
            entry.looked_up_at = now if entry.pk in wanted else entry.looked_up_at
        OutboxEntry.objects.for_workspace(workspace_id).bulk_update(
            entries, ["next_at", "looked_up_at"]
        )
    return sum(_ask(entry) for entry in asked)


def _can_be_asked(entry: OutboxEntry) -> bool:
    channel = entry.channel
    return (
        channel.integration is not None
        and channel.is_active
        and Capability.MESSAGE_LOOKUP in gateway.capabilities_of(channel.provider)
    )


def _ask(entry: OutboxEntry) -> bool:
    channel = entry.channel
    failures: list[ChannelLog] = []
    found: SendResult | None = None
    try:
        assert channel.integration is not None  # noqa: S101  # `_can_be_asked` saw it
        line = gateway.open_line(
            channel.integration,
            channel_id=channel.pk,
            deadline=LOOK_UP_SECONDS,
            failures=failures,
        )
        found = gateway.find_sent(channel, entry.callback_token, line=line)
    except (ProviderError, CredentialsUnreadable):
        found = None
    if failures:
        with workspace_transaction(entry.workspace_id):
            ChannelLog.objects.bulk_create(failures)
    if found is None:
        return False
    outcome = outbox_results.outcome_of(found)
    attempt = outbox_results.Attempt(entry.pk, entry.lease_token, outcome)
    outbox_results.record(entry.workspace_id, [attempt])
    return True


def _hold(entry: OutboxEntry) -> OutboxEntry:
    held: OutboxEntry = (
        OutboxEntry.objects.for_workspace(entry.workspace_id)
        .select_related("message")
        .select_for_update(of=("self",))
        .get(pk=entry.pk)
    )
    return held


def _let_go(held: OutboxEntry, reason: str, *, now: datetime) -> None:
    """A failed send stays what it is; a late yes of an unconfirmed one still counts."""
    if held.state not in _DROPPABLE:
        return
    held.state = OutboxState.DROPPED.value
    held.reason, held.resolution, held.settled_at = reason, "person", now
    held.save(update_fields=["state", "reason", "resolution", "settled_at"])


def _copy_media(message: Message, copy_id: int, *, now: datetime) -> None:
    """The same file again; the provider is given it anew."""
    files = MediaAsset.objects.for_workspace(message.workspace_id).filter(
        message=message
    )
    MediaAsset.objects.bulk_create(
        MediaAsset(
            workspace_id=message.workspace_id,
            message_id=copy_id,
            kind=one.kind,
            external_id=one.external_id,
            url=one.url,
            mime_told=one.mime_told,
            mime_sniffed=one.mime_sniffed,
            filename=one.filename,
            size=one.size,
            sha256=one.sha256,
            state=one.state,
            storage_key=one.storage_key,
            preview_key=one.preview_key,
            width=one.width,
            height=one.height,
            created_at=now,
        )
        for one in files.order_by("pk")
    )


def _note(
    action: str, held: OutboxEntry, *, actor: User, now: datetime, ip: str | None
) -> None:
    audit.record(
        workspace=Workspace.objects.get(pk=held.workspace_id),
        action=action,
        actor=actor,
        target=str(held.key),
        details={"state": held.state, "reason": held.reason[:60]},
        ip=ip,
        now=now,
    )
