"""A lead as the rooms above show it: who it is on WhatsApp, and whether it may be written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from whatsapp.models import Conversation, Identity, Lead, OptOut, OptOutScope
from whatsapp.selectors import leads
from whatsapp.selectors.people import Person

_MOST: Final = 10  # conversations; the lead's page has the rest


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a person does not want to get; `channel` is empty for every number."""

    scope: str
    channel: str
    told_at: datetime

    @property
    def label(self) -> str:
        known = self.scope in OptOutScope.values
        return str(OptOutScope(self.scope).label) if known else self.scope


@dataclass(frozen=True, slots=True)
class Profile:
    """`last_seen_at` is the person's last message, from which the window counts."""

    lead: Lead
    person: Person
    identities: tuple[Identity, ...]
    conversations: tuple[Conversation, ...]
    last_seen_at: datetime | None
    refusals: tuple[Refusal, ...]


def profile_of(lead: Lead) -> Profile:
    """Of a lead that was not merged into another one; three queries."""
    identities = leads.list_identities(lead)
    talks = tuple(
        Conversation.objects.for_workspace(lead.workspace_id)
        .filter(lead=lead)
        .select_related("channel")
        .order_by("-last_message_at", "-pk")[:_MOST]
    )
    seen = [talk.last_inbound_at for talk in talks if talk.last_inbound_at]
    return Profile(
        lead=lead,
        person=leads.person_of(lead, identities),
        identities=identities,
        conversations=talks,
        last_seen_at=max(seen, default=None),
        refusals=_refusals(lead.workspace_id, identities),
    )


def _refusals(workspace_id: int, identities: Sequence[Identity]) -> tuple[Refusal, ...]:
    """What was said last about each number and kind counts."""
    rows = (
        OptOut.objects.for_workspace(workspace_id)
        .filter(peer_key__in=[one.match_key for one in identities])
        .select_related("channel")
        .order_by("pk")
    )
    standing = {(row.peer_key, row.channel_id, row.scope): row for row in rows}
    return tuple(
        Refusal(
            row.scope,
            (row.channel.display_name or row.channel.phone) if row.channel else "",
            row.told_at,
        )
        for row in standing.values()
        if row.is_out
    )
