"""One workspace's share of a batch: people, then conversations, messages, origins, answers
to tickets, statuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from accounts import bulk
from integrations import explanations
from integrations.providers.base.types import (
    ContactEvent,
    DeliveryStatus,
    Direction,
    NumberRef,
    PreferenceEvent,
    StatusEvent,
)
from tickets.services import answers, outgoing_people
from tickets.services.answers import Answer
from webhooks import journal
from webhooks.arriving import Arrived
from whatsapp import tokens
from whatsapp.models import OptOutScope, OptOutSource
from whatsapp.services import (
    announcing,
    conversations,
    lid_lookups,
    messages,
    opt_outs,
    people,
    responder,
    reunions,
    statuses,
    template_news,
)
from whatsapp.services.messages import Arrival, Known, Stored
from whatsapp.services.people import People
from whatsapp.services.statuses import News
from whatsapp.tokens import Found

Change = tuple[int, str]  # raw webhook id, what it changed


@dataclass(slots=True)
class Batch:
    """Events of one workspace, in the order they came in. `apply` may run once."""

    provider: str
    messages: list[Arrival] = field(default_factory=list)
    statuses: list[News] = field(default_factory=list)
    contacts: list[tuple[int, datetime, ContactEvent]] = field(default_factory=list)
    templates: list[template_news.Told] = field(default_factory=list)
    preferences: list[tuple[int, PreferenceEvent]] = field(default_factory=list)

    def apply(self, workspace_id: int, *, now: datetime) -> list[Change]:
        """Write everything down and tell what changed, row by row."""
        found = {
            id(arrival): tokens.find(arrival.event.text)
            for arrival in self.messages
            if arrival.is_live_inbound
        }
        persons = self._people()
        bulk.pass_gate(workspace_id)
        self._settle(workspace_id, persons, found, now=now)
        known = messages.find_known(workspace_id, self.messages)
        fresh, changes = self._without_known(known)
        arrived = Arrived(workspace_id, persons, fresh, found, now)
        stored = arrived.settle()
        self._want_phones(workspace_id, stored)
        responder.answer(workspace_id, stored, now=now)
        written = _answers(stored)
        answers.take(workspace_id, written, now=now)
        outgoing_people.tell(
            workspace_id,
            lead_ids=persons.new_lead_ids,
            message_ids=[one.message_id for one in written],
            now=now,
        )
        announcing.conversations(workspace_id, _conversations(stored))
        changes += [(one.arrival.raw_webhook_id, "messages") for one in stored]
        changes += self._apply_contacts(workspace_id, persons)
        changes += self._apply_statuses(workspace_id, stored)
        template_news.apply(workspace_id, self.provider, self.templates, now=now)
        changes += self._apply_preferences(workspace_id, now=now)
        return changes

    def _settle(
        self,
        workspace_id: int,
        persons: People,
        found: Mapping[int, Found],
        *,
        now: datetime,
    ) -> None:
        """Recognise everyone, and hold those about whom something is to be decided.

        That is: strangers, people with a new name or with two leads, and whoever brings a
        token or an ad. The rest may write through several batches at once; rows are then
        written in one order and counted by what was really inserted.
        """
        persons.recognise(workspace_id, persons.all)
        told = {
            arrival.peer_key
            for arrival in self.messages
            if found.get(id(arrival)) or arrival.event.referral is not None
        }
        held = [
            person
            for person in persons.all
            if not person.is_settled or not told.isdisjoint(person.match_keys)
        ]
        names = {key for person in held for key in person.match_keys}
        names |= {token for one in found.values() for token in one.all}
        names |= self._outbound_names()
        if names:
            bulk.lock(workspace_id, names)
        persons.hold(workspace_id, held)
        persons.recognise(workspace_id, held)
        joined = reunions.reunite(workspace_id, held, now=now)
        if joined:
            persons.recognise(workspace_id, held)
            transaction.on_commit(
                partial(journal.joined, joined, workspace_id=workspace_id)
            )

    def _people(self) -> People:
        persons = People()
        for arrival in self.messages:
            if arrival.event.group_id is None:
                persons.add(
                    arrival.event.peer,
                    source=self.provider,
                    seen_at=arrival.provider_at,
                )
        for _, received_at, contact in self.contacts:
            persons.add(
                contact.peer,
                source=self.provider,
                told_at=received_at,
                became=None if contact.is_removed else contact.became,
            )
        return persons

    def _outbound_names(self) -> set[str]:
        """What a message of ours is called by itself and by news about it.

        Without a lock on them a status could wait for a message that comes in at the same
        moment, and two statuses could each overlook the other.
        """
        called = [
            (news.event.external_id, news.event.second_id, news.event.callback_token)
            for news in self.statuses
        ] + [
            (arrival.event.external_id, arrival.event.second_id)
            for arrival in self.messages
            if arrival.event.direction == Direction.OUTBOUND
        ]
        return {f"m:{name}" for names in called for name in names if name}

    def _without_known(
        self, known: Mapping[tuple[int, str], Known]
    ) -> tuple[list[Arrival], list[Change]]:
        """Each message once, live before history; known ones only as a count."""
        fresh: dict[tuple[int, str], Arrival] = {}
        changes: list[Change] = []
        for arrival in self.messages:
            key, event = arrival.external_key, arrival.event
            before = known.get(key) or (
                Known(fresh[key].event.origin, fresh[key].event.kind)
                if key in fresh
                else None
            )
            if before is None or before.yields_to(event):
                fresh[key] = arrival
            else:
                changes.append((arrival.raw_webhook_id, "duplicates"))
        return list(fresh.values()), changes

    def _want_phones(self, workspace_id: int, stored: Sequence[Stored]) -> None:
        """People who are known by a hidden id alone, where the provider may know more."""
        if not lid_lookups.can_be_asked(self.provider):
            return
        peers = [one.arrival.event.peer for one in stored if one.conversation_id]
        lid_lookups.want(
            workspace_id, [one.lid for one in peers if one.lid and not one.wa_id]
        )

    def _apply_contacts(self, workspace_id: int, persons: People) -> list[Change]:
        """Names, and the new number or id of a person we know; nobody is made a lead.

        What waited for such a name finds its conversation, as when a message tells it.
        """
        changes = []
        named: set[tuple[int, str]] = set()
        for raw_id, _, contact in self.contacts:
            person = persons.get(people.peer_key(contact.peer))
            if person.lead_id is None or contact.is_removed:
                continue
            person.name = contact.name or person.name
            changes.append((raw_id, "contacts"))
            if person.has_new_alias:
                named |= {(person.lead_id, key) for key in person.match_keys}
        if changes:
            people.note_aliases(workspace_id, persons.all)
        if named:
            conversations.adopt_for(workspace_id, sorted(named))
            announcing.leads(workspace_id, {lead_id for lead_id, _ in named})
        people.fill_names(workspace_id, persons.all)
        return changes

    def _apply_statuses(
        self, workspace_id: int, stored: Sequence[Stored]
    ) -> list[Change]:
        """Statuses of this batch, those that waited, and those that came with a message."""
        told = [
            News(
                _status_with_message(one.arrival, status),
                one.arrival.channel_id,
                one.arrival.received_at,
                one.arrival.raw_webhook_id,
            )
            for one in stored
            if one.direction == Direction.OUTBOUND
            and (status := one.arrival.event.status) is not None
        ]
        statuses.apply(workspace_id, [*self.statuses, *told])
        statuses.join_waiting(
            [one.id for one in stored if one.direction == Direction.OUTBOUND]
        )
        return [(news.raw_webhook_id, "statuses") for news in self.statuses]

    def _apply_preferences(self, workspace_id: int, *, now: datetime) -> list[Change]:
        """Who told WhatsApp to stop, or to go on, and who a send was refused for that."""
        said = [
            opt_outs.Said(
                peer_key=people.peer_key(event.peer),
                is_out=not event.wants_marketing,
                scope=OptOutScope.MARKETING,
                source=OptOutSource.PROVIDER,
            )
            for _, event in self.preferences
            if event.peer.is_known
        ]
        said += [
            opt_outs.Said(
                peer_key=people.peer_key(news.event.recipient),
                is_out=True,
                scope=OptOutScope.MARKETING,
                source=OptOutSource.PROVIDER,
            )
            for news in self.statuses
            if news.event.recipient is not None
            and explanations.asks_for_silence(self.provider, news.event.error_code)
        ]
        if said:
            opt_outs.take(workspace_id, said, now=now)
        return [(raw_id, "preferences") for raw_id, _ in self.preferences]


def _answers(stored: Sequence[Stored]) -> list[Answer]:
    """What people have written just now, in the order in which they did."""
    told = [
        one for one in stored if one.opens_window and one.conversation_id is not None
    ]
    told.sort(key=lambda one: (one.provider_at, one.id))
    return [
        Answer(one.id, one.conversation_id or 0, one.arrival.event.text) for one in told
    ]


def _conversations(stored: Sequence[Stored]) -> set[int]:
    return {one.conversation_id for one in stored if one.conversation_id is not None}


def _status_with_message(arrival: Arrival, status: DeliveryStatus) -> StatusEvent:
    return StatusEvent(
        number=NumberRef(),
        external_id=arrival.event.external_id,
        status=status,
        provider_at=arrival.provider_at,
    )
