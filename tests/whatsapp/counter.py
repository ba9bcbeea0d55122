"""A shop that sends through a Cloud API on the loopback address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Workspace
from integrations.models import Channel
from integrations.providers.base.outgoing import Content, Text
from integrations.providers.base.types import Party
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from tests.twins.sending import Loopback
from tests.walls import as_app
from whatsapp.models import Conversation, Message, OutboxEntry
from whatsapp.services import fence, outbox, outbox_claims, sending


@dataclass
class Counter:
    """One number and the provider behind it."""

    workspace: Workspace
    channel: Channel
    provider: Loopback
    clock: outbox_claims.Clock = field(default_factory=outbox_claims.Clock)

    def conversation(self, **fields: Any) -> Conversation:
        """With a person who wrote an hour ago."""
        values = {"last_inbound_at": timezone.now() - timedelta(hours=1)} | fields
        lead = rows.lead(self.workspace)
        return rows.conversation(lead, self.channel, **values)

    def draft(self, text: str = "Bom dia", **fields: Any) -> outbox.Draft:
        content: Content | None = fields.pop("content", None)
        values: dict[str, Any] = {
            "text": text if content else "",
            "business_key": f"test:{text}",
            "channel_id": self.channel.pk,
            "recipient": Party(wa_id=fields.pop("to", "5511987654321")),
            "content": content or Text(text),
        } | fields
        return outbox.Draft(**values)

    def enqueue(self, text: str = "Bom dia", **fields: Any) -> OutboxEntry:
        """To a person in an open window, unless told otherwise."""
        if "conversation_id" not in fields:
            fields["conversation_id"] = self.conversation().pk
        with as_app():
            promise = outbox.enqueue(
                self.workspace.pk, self.draft(text, **fields), now=timezone.now()
            )
        return self.entry(promise.message_id)

    def entry(self, message_id: int) -> OutboxEntry:
        return OutboxEntry.objects.for_workspace(self.workspace).get(
            message_id=message_id
        )

    def message(self, entry: OutboxEntry) -> Message:
        found: Message = Message.objects.for_workspace(self.workspace).get(
            pk=entry.message_id
        )
        return found

    def drain(self, seconds: float = 10) -> sending.Tally:
        with as_app():
            return sending.drain(budget_seconds=seconds)

    def claim(self, **options: Any) -> list[outbox_claims.Claimed]:
        with as_app():
            fence.may_pass()
            return outbox_claims.claim(self.clock, **options)

    def state(self, entry: OutboxEntry) -> tuple[str, str, str]:
        """Of the row, its reason, and what a page shows."""
        entry.refresh_from_db()
        return entry.state, entry.reason, self.message(entry).status

    def make_due(self, entry: OutboxEntry | None = None) -> None:
        """As if the pause, or the lease, were over."""
        found = OutboxEntry.objects.for_workspace(self.workspace)
        if entry is not None:
            found = found.filter(pk=entry.pk)
        found.update(next_at=timezone.now() - timedelta(seconds=1))


def open_counter(workspace: Workspace, provider: Loopback, **channel: Any) -> Counter:
    number = make.meta_number(workspace, state="connected", **channel)
    return Counter(workspace, number, provider)


def plan_of(**faults: str) -> Callable[[str, int], str]:
    """Faults of first attempts, by text."""
    return lambda text, attempt: faults.get(text, "") if attempt == 1 else ""
