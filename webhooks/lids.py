"""Asks providers whose phone a hidden id (LID) stands for, many at once.

Celery's beat comes before. As in the session monitor one thread claims, reads and writes,
the others do nothing but ask, each within its time; a host takes no more than its share and
is given up on when it does not answer. An answer goes the way of a webhook that tells both
names of a person, so that everything follows which follows then. Any number of runs may be
under way at once.
"""

import logging
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.failures import Failure, failure_of
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import ChannelLog, Problem
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import ContactEvent, NumberRef, Party
from integrations.services import due
from integrations.services.slots import Slot
from webhooks.inbound import Batch
from whatsapp.services import lid_lookups
from whatsapp.services.lid_lookups import Lookup, Outcome

DEADLINE: Final = 30.0  # seconds in which questions are begun
QUESTION: Final = 8.0  # seconds for one of them
LEASE: Final = round(DEADLINE + QUESTION) + 12
THREADS: Final = 16
MOST: Final = 1_000  # of one run; the rest stays due

logger = logging.getLogger("integrations")

Answer = Party | Failure | None


@dataclass(slots=True)
class Tally:
    """What a run did. `outcomes` are words of `lid_lookups.Outcome`."""

    outcomes: Counter[str] = field(default_factory=Counter)
    void: int = 0  # somebody else holds it now, or its person is gone
    given_back: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Due:
    """A look-up and who answers for it: see `slots`."""

    lookup: Lookup
    slot: str
    address: str

    @property
    def workspace_id(self) -> int:
        return self.lookup.workspace_id


@dataclass(frozen=True, slots=True)
class _Asked:
    one: _Due
    failures: list[ChannelLog]


def run(*, workspace_id: int | None = None, deadline: float = DEADLINE) -> Tally:
    """Ask about every hidden id that is due, of one workspace or of all."""
    return _Run(workspace_id, deadline).run()


class _Run:
    """One run at work. Only `_ask` runs in the threads."""

    def __init__(self, workspace_id: int | None, deadline: float) -> None:
        self.workspace_id = workspace_id
        self.token = uuid.uuid4()
        self.tally = Tally()
        self.slots: dict[str, Slot[_Due]] = {}
        self.under_way: dict[Future[Answer], _Asked] = {}
        self.begun = time.monotonic()
        self.until = self.begun + deadline

    def run(self) -> Tally:
        claimed = lid_lookups.claim(
            most=MOST,
            token=self.token,
            lease_seconds=LEASE,
            workspace_id=self.workspace_id,
        )
        for workspace_id, ids in claimed.items():
            self._read(workspace_id, ids)
        if self.slots:
            self._ask_all()
        self._let_go()
        self.tally.seconds = round(time.monotonic() - self.begun, 3)
        return self.tally

    # --- before asking ----------------------------------------------------------
    def _read(self, workspace_id: int, ids: list[int]) -> None:
        """Who answers for each; what needs no question is settled at once."""
        places: dict[int, tuple[str, str]] = {}
        for lookup in lid_lookups.read(workspace_id, ids, self.token):
            channel = lookup.channel
            if lookup.has_phone:
                self._settle(lookup, Outcome.FOUND)
            elif channel is None:
                self._settle(lookup, Outcome.UNASKED)
            else:
                if channel.pk not in places:
                    place = due.place_of(channel.integration, channel.provider)
                    places[channel.pk] = place
                slot, address = places[channel.pk]
                self.slots.setdefault(slot, Slot()).add(_Due(lookup, slot, address))

    def _ask_all(self) -> None:
        with gateway.asking_threads(THREADS, name="lids") as pool:
            while True:
                self._begin(pool)
                if not self.under_way:
                    break
                done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    asked = self.under_way.pop(future)
                    slot = self.slots[asked.one.slot]
                    slot.under_way -= 1
                    slot.judge(asked.one, future.result())
                    self._take(asked, future.result())

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Hand out as many questions as there are free threads, one host after the other."""
        is_going = time.monotonic() < self.until
        while is_going:
            is_going = False
            for slot in self.slots.values():
                if not slot.turns:
                    continue
                one, verdict = slot.look()
                if verdict is not None:
                    slot.pop()
                    self._settle(one.lookup, Outcome.MISSED)
                    is_going = True
                elif slot.has_room(THREADS - len(self.under_way)):
                    slot.pop()
                    self._hand_out(pool, one, slot)
                    is_going = True

    def _hand_out(self, pool: ThreadPoolExecutor, one: _Due, slot: Slot[_Due]) -> None:
        """The credentials are opened here, right before they are needed."""
        channel = one.lookup.channel
        assert channel is not None  # noqa: S101  # `_read` saw both
        assert channel.integration is not None  # noqa: S101
        failures: list[ChannelLog] = []
        try:
            line = gateway.open_line(
                channel.integration,
                channel_id=channel.pk,
                budget=QUESTION,
                failures=failures,
            )
        except CredentialsUnreadable:
            self._settle(one.lookup, Outcome.MISSED)
            return
        slot.under_way += 1
        asked = _Asked(one, failures)
        self.under_way[pool.submit(_ask, one.lookup, line)] = asked

    # --- after asking -----------------------------------------------------------
    def _take(self, asked: _Asked, answer: Answer) -> None:
        lookup = asked.one.lookup
        if isinstance(answer, Failure):
            self._settle(lookup, Outcome.MISSED, failures=asked.failures)
        elif answer is None:
            self._settle(lookup, Outcome.UNKNOWN)
        else:
            self._settle(lookup, Outcome.FOUND, person=answer)

    def _settle(
        self,
        lookup: Lookup,
        outcome: Outcome,
        *,
        person: Party | None = None,
        failures: list[ChannelLog] | None = None,
    ) -> None:
        """Whatever goes wrong with one, its lease ends by itself, and then it is due again."""
        workspace_id = lookup.workspace_id
        try:
            with workspace_transaction(workspace_id):
                ChannelLog.objects.bulk_create(failures or [])
                row = lid_lookups.hold(workspace_id, lookup.id, self.token)
                if row is None:
                    self.tally.void += 1
                    return
                if person is not None:
                    _tell(lookup, person)
                lid_lookups.settle(row, outcome)
        except Exception as error:  # noqa: BLE001  # the others go on
            ids = {"lookup_id": lookup.id, "workspace_id": workspace_id}
            facts = {**ids, "error": type(error).__name__}
            logger.error("hidden id not settled", extra=facts)  # noqa: TRY400  # its text may quote people
            return
        self.tally.outcomes[outcome.value] += 1

    def _let_go(self) -> None:
        rest: dict[int, list[int]] = {}
        for slot in self.slots.values():
            for one in slot.left():
                rest.setdefault(one.workspace_id, []).append(one.lookup.id)
        self.tally.given_back = sum(map(len, rest.values()))
        try:
            for workspace_id, ids in rest.items():
                lid_lookups.give_back(workspace_id, ids, self.token)
        except DatabaseError:
            logger.warning("hidden ids not given back", extra={"workspaces": len(rest)})


def _ask(lookup: Lookup, line: Line) -> Answer:
    try:
        return gateway.find_by_lid(lookup.lid, line=line)
    except ProviderError as error:
        return failure_of(error)
    except Exception:
        # A bug in one adapter is no reason to leave the others unasked.
        ids = {"lookup_id": lookup.id, "workspace_id": lookup.workspace_id}
        logger.exception("asking about a hidden id broke", extra=ids)
        return Failure(Problem.UNREADABLE)


def _tell(lookup: Lookup, person: Party) -> None:
    """As a webhook that tells both names: in the transaction that holds the look-up."""
    assert lookup.channel is not None  # noqa: S101  # it was asked
    now = timezone.now()
    batch = Batch(lookup.channel.provider)
    both = ContactEvent(NumberRef(), peer=person)
    batch.contacts.append((0, now, both))  # no webhook of ours says so
    batch.apply(lookup.workspace_id, now=now)
