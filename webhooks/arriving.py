"""New messages of one workspace on their way to leads and conversations."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from webhooks import journal
from webhooks.hearing import Hearing
from whatsapp.services import conversations, messages, origins, people, reunions
from whatsapp.services.messages import Arrival, Stored
from whatsapp.services.origins import Ruling, Verdict
from whatsapp.services.people import NewLead, People, Person
from whatsapp.tokens import Found


class Arrived:
    """Those messages of a batch that nobody has stored before. `settle` may run once."""

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
        self._meet_waiting(verdicts)
        self._make_leads(verdicts)
        stored, opened = self._store()
        people.begin_earlier(self.workspace_id, self._beginnings())
        rulings = []
        for one in stored:
            lead_id = self._lead_id(one.arrival)
            if lead_id is not None and self._is_worth_keeping(one, opened):
                verdict = verdicts.get(id(one.arrival)) or self._hearing.verdict(
                    one.arrival
                )
                rulings.append(Ruling(verdict, one.arrival, lead_id))
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
        return None if is_group else self.persons.lead_of(arrival.peer_key)

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

    def _beginnings(self) -> dict[int, datetime]:
        """Of leads that have written earlier than was known: what is late comes in late."""
        found: dict[int, datetime] = {}
        for arrival in self._live():
            lead_id, at = self._lead_id(arrival), arrival.provider_at
            since = self._person(arrival).since(lead_id)
            if lead_id is not None and since is not None and at < since:
                found[lead_id] = min(at, found.get(lead_id, at))
        return found

    def _meet_waiting(self, verdicts: dict[int, Verdict]) -> None:
        """Whom we know already is the person for whom a lead waits under the token."""
        pairs = {
            verdict.lead_id: (lead_id, verdict.token or "")
            for arrival in self._live()
            if (verdict := verdicts.get(id(arrival))) is not None
            and verdict.lead_id is not None
            and (lead_id := self._lead_id(arrival)) is not None
        }
        joined = reunions.meet(self.workspace_id, pairs, now=self.now)
        if joined:
            transaction.on_commit(
                partial(journal.joined, joined, workspace_id=self.workspace_id)
            )

    def _make_leads(self, verdicts: dict[int, Verdict]) -> None:
        """A lead for everyone who wrote and has none: the one that waited under the token,
        or a new one with the first origin that this batch tells of them."""
        new: dict[int, NewLead] = {}
        spent: set[str] = set()
        # Of one person the earliest counts, in whatever order a provider sends.
        for arrival in sorted(self._live(), key=lambda one: one.provider_at):
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
