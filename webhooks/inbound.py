"""One workspace's share of a batch: people, then conversations, messages, origins, answers
to tickets, statuses."""

from collections.abc import Iterator, Mapping, Sequence
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
from webhooks.hearing import Hearing
from whatsapp import tokens
from whatsapp.models import OptOutScope, OptOutSource
from whatsapp.services import (
    announcing,
    conversations,
    messages,
    opt_outs,
    origins,
    people,
    responder,
    reunions,
    statuses,
    template_news,
)
from whatsapp.services.messages import Arrival, Known, Stored
from whatsapp.services.origins import Ruling, Verdict
from whatsapp.services.people import NewLead, People, Person
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
        arrived = _Arrived(workspace_id, persons, fresh, found, now)
        stored = arrived.settle()
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

    def _apply_contacts(self, workspace_id: int, persons: People) -> list[Change]:
        """Names, and the new number or id of a person we know; nobody is made a lead."""
        changes = []
        for raw_id, _, contact in self.contacts:
            person = persons.get(people.peer_key(contact.peer))
            if person.lead_id is None or contact.is_removed:
                continue
            person.name = contact.name or person.name
            changes.append((raw_id, "contacts"))
        if changes:
            people.note_aliases(workspace_id, persons.all)
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


class _Arrived:
    """New messages on their way to leads and conversations."""

    def __init__(
        self,
        workspace_id: int,
        persons: People,
        fresh: Sequence[Arrival],
        found: Mapping[int, Found],
        now: datetime,
    ) -> None:
        self.workspace_id = workspace_id
        self.persons = persons
        self.fresh = fresh
        self.now = now
        self._hearing = Hearing(
            workspace_id, persons=persons, live=list(self._live()), found=found
        )
        self._first: dict[int, Arrival] = {}
        for arrival in self._live():
            self._first.setdefault(id(self._person(arrival)), arrival)

    def settle(self) -> list[Stored]:
        if not self.fresh:
            return []
        verdicts = self._judge()
        self._make_leads(verdicts)
        stored, opened = self._store()
        rulings = []
        for one in stored:
            lead_id = self._lead_id(one.arrival)
            if lead_id is not None and self._is_worth_keeping(one, opened):
                verdict = verdicts.get(id(one.arrival)) or self._hearing.verdict(
                    one.arrival
                )
                rank = self._person(one.arrival).origin_rank
                rulings.append(Ruling(verdict, one.arrival, lead_id, rank))
        origins.record(self.workspace_id, rulings, now=self.now)
        # What is rolled back did not happen, and is not told.
        transaction.on_commit(
            partial(journal.attributions, rulings, workspace_id=self.workspace_id)
        )
        transaction.on_commit(
            partial(journal.stored, len(stored), workspace_id=self.workspace_id)
        )
        return stored

    def _person(self, arrival: Arrival) -> Person:
        return self.persons.get(arrival.peer_key)

    def _lead_id(self, arrival: Arrival) -> int | None:
        is_group = arrival.event.group_id is not None
        return None if is_group else self._person(arrival).lead_id

    def _live(self) -> Iterator[Arrival]:
        return (arrival for arrival in self.fresh if arrival.is_live_inbound)

    def _judge(self) -> dict[int, Verdict]:
        """Verdicts on the messages that decide something, by id of the arrival: those of
        strangers, and those that bring a token or an ad. The others can wait."""
        return {
            id(arrival): self._hearing.verdict(arrival)
            for arrival in self._live()
            if self._person(arrival).lead_id is None
            or self._hearing.tells_origin(arrival)
        }

    def _make_leads(self, verdicts: dict[int, Verdict]) -> None:
        """A lead for everyone who wrote and has none: the one that waited under the token,
        or a new one with the first origin that this batch tells of them."""
        new: dict[int, NewLead] = {}
        spent: set[str] = set()
        for arrival in self._live():
            person = self._person(arrival)
            if person.lead_id is not None:
                continue
            verdict = verdicts[id(arrival)]
            if verdict.lead_id is not None and verdict.token not in spent:
                person.lead_id = verdict.lead_id
                spent.add(verdict.token or "")
                new.pop(id(person), None)
                continue
            first = new.get(id(person))
            if first is not None and (not first.is_anonymous or not verdict.has_origin):
                continue
            token = verdict.token if verdict.token not in spent else None
            if token is not None:
                spent.add(token)
            new[id(person)] = NewLead(
                person, token, not verdict.has_origin, arrival.provider_at
            )
        people.insert_leads(self.workspace_id, list(new.values()))
        people.note_aliases(self.workspace_id, self.persons.all)

    def _store(self) -> tuple[list[Stored], set[int]]:
        """Messages into the conversations of known leads. Returns them, and which
        conversations are new."""
        threads = {
            (arrival.channel_id, lead_id)
            for arrival in self.fresh
            if (lead_id := self._lead_id(arrival)) is not None
        }
        opened = conversations.open_threads(self.workspace_id, threads, now=self.now)
        placed: list[tuple[Arrival, int | None]] = []
        for arrival in self.fresh:
            lead_id = self._lead_id(arrival)
            thread = opened[arrival.channel_id, lead_id] if lead_id else None
            placed.append((arrival, thread.id if thread else None))
        stored = messages.insert(self.workspace_id, placed, now=self.now)
        conversations.note_messages(self.workspace_id, stored, opened)
        new = {one.id for one in opened.values() if one.is_new}
        self._adopt(placed, new)
        return stored, new

    def _adopt(
        self, placed: Sequence[tuple[Arrival, int | None]], new: set[int]
    ) -> None:
        waiting = {
            (conversation_id, arrival.channel_id, key)
            for arrival, conversation_id in placed
            if conversation_id is not None
            and (conversation_id in new or self._person(arrival).has_new_alias)
            for key in self._person(arrival).match_keys
        }
        conversations.adopt_waiting(self.workspace_id, sorted(waiting))

    def _is_worth_keeping(self, one: Stored, new: set[int]) -> bool:
        """New people, origins, threads and names are; one more line of a friend is not."""
        arrival = one.arrival
        if not arrival.is_live_inbound:
            return False
        if self._hearing.tells_origin(arrival):
            return True
        person = self._person(arrival)
        is_first = self._first[id(person)] is arrival
        return is_first and (one.conversation_id in new or person.has_new_alias)
