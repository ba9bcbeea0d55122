"""THE WAY OUT: due messages to their providers, many at once.

claim → still right? → submitting → gateway.send() → record. One thread claims, commits and
writes down, a batch at a time; the others do nothing but send, each with its own exchange
and no connection to the database. Any number of drains may run at once.
"""

import heapq
import logging
import queue
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import Channel, ChannelLog
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.outgoing import SendResult
from whatsapp.services import (
    breakers,
    fence,
    outbox,
    outbox_claims,
    outbox_files,
    outbox_results,
)
from whatsapp.services.outbox_claims import Claimed
from whatsapp.services.outbox_results import Attempt, Health, Outcome, outcome_of
from whatsapp.services.outbox_submits import Submitted, submit
from whatsapp.services.pacing import Pacer

EXCHANGE: Final = 15.0  # seconds for one message, name look-up to end
THREADS: Final = 96
MOST_PER_NUMBER: Final = 72  # so that a slow one leaves threads for the others
# Turns this near are submitted together; the thread then waits for the exact moment.
TOGETHER: Final = 0.06
CLAIM_EVERY: Final = 0.1
LEASES_EVERY: Final = 5.0
RECORD_EVERY: Final = 0.05
FENCE_EVERY: Final = 0.25
SIGNS_EVERY: Final = 1.0  # seconds between two notes that a provider answers
LINE_LASTS: Final = 10.0  # seconds for which opened credentials are kept
AWAY_PATIENCE: Final = 8.0  # seconds for which results outlive an absent database
_AWAY = (DatabaseError, InterfaceError)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a drain did, for logs and commands."""

    sent: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unconfirmed: int = 0  # left behind by workers that died
    is_fenced: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class _Number:
    """One number of ours while this drain sends through it."""

    channel: Channel
    line: Line | None
    opened_at: float
    failures: list[ChannelLog]
    is_idempotent: bool
    gap: float  # seconds between two of its messages
    pacer: Pacer
    under_way: int = 0
    next_turn: float = 0.0


@dataclass(slots=True)
class _Answered:
    submitted: Submitted
    answer: SendResult | BaseException


def drain(*, budget_seconds: float) -> Tally:
    """Send what is due until nothing is left or the time is up."""
    return _Drain(budget_seconds).run()


class _Drain:
    """One worker at work. Only `_send` runs in the threads."""

    def __init__(self, budget_seconds: float) -> None:
        self.tally = Tally()
        self.begun = time.monotonic()
        self.until = self.begun + budget_seconds
        self.clock = outbox_claims.Clock()
        self.waiting: list[Claimed] = []  # a heap, by turn
        self.numbers: dict[int, _Number] = {}
        self.answered: queue.SimpleQueue[_Answered] = queue.SimpleQueue()
        self.unwritten: list[_Answered] = []
        self.under_way = 0
        self.next_claim = self.next_leases = self.next_fence = self.next_signs = 0.0
        self.written = 0.0
        self.ill = False  # a provider failed the last time
        self.after_workspace = 0

    def run(self) -> Tally:
        self._may_pass()
        try:
            with gateway.asking_threads(THREADS, name="send") as pool:
                while self._has_work():
                    self._claim()
                    self._submit(pool)
                    self._collect()
                    self._record()
        finally:
            outbox_claims.give_back(self.waiting)
        if self.tally.sent:
            fence.may_pass()  # so that a copy made before this drain is behind the file
        self.tally.seconds = round(time.monotonic() - self.begun, 3)
        return self.tally

    @property
    def _may_begin(self) -> bool:
        return not self.tally.is_fenced and time.monotonic() < self.until

    def _has_work(self) -> bool:
        if self.under_way or self.unwritten:
            return True
        if not self._may_begin:
            return False
        if self.waiting:
            return True
        self.next_claim = 0.0
        self._claim()
        return bool(self.waiting)

    # --- before sending ---------------------------------------------------------
    def _claim(self) -> None:
        now = time.monotonic()
        if not self._may_begin or now < self.next_claim:
            return
        if now >= self.next_leases:
            self.tally.unconfirmed += outbox_claims.end_leases()
            self.next_leases = now + LEASES_EVERY
        self.next_claim = now + CLAIM_EVERY
        # Free threads and what one round of them takes; the rest is for other workers.
        room = 2 * THREADS - len(self.waiting)
        if room < THREADS:
            return
        claimed = outbox_claims.claim(
            self.clock, limit=room, after_workspace=self.after_workspace
        )
        if claimed:
            self.after_workspace = claimed[-1].workspace_id
        for one in claimed:
            heapq.heappush(self.waiting, one)

    def _submit(self, pool: ThreadPoolExecutor) -> None:
        ready = self._ready()
        if not ready:
            return
        if not self._may_pass():
            outbox_claims.give_back(ready)
            return
        by_workspace: dict[int, list[Claimed]] = {}
        for one in ready:
            by_workspace.setdefault(one.workspace_id, []).append(one)
        for workspace_id, claimed in by_workspace.items():
            done = submit(
                workspace_id, claimed, now=timezone.now(), known=self._known()
            )
            self.tally.refused.update(done.refused)
            for going in done.going:
                channel = done.channels[going.claimed.channel_id]
                self._hand_out(pool, going, self._number(channel))

    def _may_pass(self) -> bool:
        now = time.monotonic()
        if now >= self.next_fence:
            self.tally.is_fenced = not fence.may_pass()
            self.next_fence = now + FENCE_EVERY
        return not self.tally.is_fenced

    def _known(self) -> dict[int, Channel]:
        """The numbers whose credentials are open still."""
        now = time.monotonic()
        return {
            id_: number.channel
            for id_, number in self.numbers.items()
            if now < number.opened_at + LINE_LASTS
        }

    def _ready(self) -> list[Claimed]:
        """Messages whose turn is near, as many as there are free threads for."""
        horizon = time.monotonic() + TOGETHER
        ready: list[Claimed] = []
        kept: list[Claimed] = []
        taken: Counter[int] = Counter()
        while self.waiting and self.waiting[0].turn_at <= horizon:
            if self.under_way + len(ready) >= THREADS:
                break
            one = heapq.heappop(self.waiting)
            number = self.numbers.get(one.channel_id)
            under_way = taken[one.channel_id] + (number.under_way if number else 0)
            if under_way >= MOST_PER_NUMBER:
                kept.append(one)
                continue
            taken[one.channel_id] += 1
            ready.append(one)
        for one in kept:
            heapq.heappush(self.waiting, one)
        return ready

    def _number(self, channel: Channel) -> _Number:
        """The number with its credentials opened, for seconds at most."""
        now = time.monotonic()
        known = self.numbers.get(channel.pk)
        if known is not None and now < known.opened_at + LINE_LASTS:
            return known
        failures: list[ChannelLog] = known.failures if known else []
        line = None
        try:
            assert channel.integration is not None  # noqa: S101  # the check before saw it
            line = gateway.open_line(
                channel.integration,
                channel_id=channel.pk,
                deadline=min(EXCHANGE, settings.OUTBOX_LEASE_SECONDS / 2),
                failures=failures,
            )
        except CredentialsUnreadable:
            logger.exception("credentials unreadable", extra={"channel_id": channel.pk})
        pacer = known.pacer if known else Pacer(None)
        pacer.set_rate(outbox.rate_of(channel))
        number = self.numbers[channel.pk] = _Number(
            channel,
            line,
            now,
            failures,
            Capability.IDEMPOTENT_SEND in gateway.capabilities_of(channel.provider),
            outbox.gap_of(channel),
            pacer,
            under_way=known.under_way if known else 0,
            next_turn=known.next_turn if known else 0.0,
        )
        return number

    def _hand_out(
        self, pool: ThreadPoolExecutor, one: Submitted, number: _Number
    ) -> None:
        self.under_way += 1
        number.under_way += 1
        self.tally.sent += 1
        if number.line is None:
            unreadable = CredentialsUnreadable(f"channel {number.channel.pk}")
            self.answered.put(_Answered(one, unreadable))
            return
        # A turn that is late pushes those behind it on: they are not made up for in a bunch.
        now = time.monotonic()
        turn_at = max(one.claimed.turn_at, number.next_turn, now if number.gap else 0)
        number.next_turn = turn_at + number.gap
        pool.submit(self._send, one, number, number.line, turn_at)

    def _send(
        self, one: Submitted, number: _Number, line: Line, turn_at: float
    ) -> None:
        answer: SendResult | BaseException
        try:
            pause = turn_at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            message = outbox_files.attach(one.message, one.storage_key, line)
            answer = gateway.send(
                number.channel, message, line=line, turn=number.pacer.wait
            )
        except BaseException as error:  # noqa: BLE001  # whatever it is, the row must hear of it
            answer = error
        self.answered.put(_Answered(one, answer))

    # --- after sending ----------------------------------------------------------
    def _collect(self) -> None:
        """What has come back; waits a moment where there is nothing else to do."""
        patience = 0.01 if self.unwritten or self.waiting else 0.02
        while self.under_way:
            try:
                one = self.answered.get(timeout=patience)
            except queue.Empty:
                break
            patience = 0.0
            self.under_way -= 1
            self.numbers[one.submitted.claimed.channel_id].under_way -= 1
            self.unwritten.append(one)
        if not self.under_way and not self.unwritten and self.waiting:
            time.sleep(max(0.0, min(0.02, self.waiting[0].turn_at - time.monotonic())))

    def _record(self) -> None:
        now = time.monotonic()
        if not self.unwritten:
            self.written = now
            return
        if self.under_way and now - self.written < RECORD_EVERY:
            return
        self.written = now
        by_workspace: dict[int, list[_Answered]] = {}
        for one in self.unwritten:
            by_workspace.setdefault(one.submitted.claimed.workspace_id, []).append(one)
        self.unwritten = []
        for workspace_id, rows in by_workspace.items():
            self._record_workspace(workspace_id, rows)

    def _record_workspace(self, workspace_id: int, rows: Sequence[_Answered]) -> None:
        outcomes = [self._outcome(one) for one in rows]
        attempts = [
            Attempt(
                one.submitted.claimed.id, one.submitted.claimed.lease_token, outcome
            )
            for one, outcome in zip(rows, outcomes, strict=True)
        ]
        until = time.monotonic() + AWAY_PATIENCE
        while True:
            try:
                outbox_results.record(workspace_id, attempts)
            except _AWAY as error:
                # What is not written down in the end stays in doubt, which is true.
                if time.monotonic() > until:
                    logger.error(  # noqa: TRY400  # its text may quote a row
                        "send results not recorded",
                        extra={"rows": len(attempts), "error": type(error).__name__},
                    )
                    return
                connection.close_if_unusable_or_obsolete()
                time.sleep(0.5)
            else:
                break
        self.tally.endings.update(outcome.ending for outcome in outcomes)
        self._note(workspace_id, zip(rows, outcomes, strict=True))

    def _outcome(self, one: _Answered) -> Outcome:
        number = self.numbers[one.submitted.claimed.channel_id]
        outcome = outcome_of(one.answer, is_idempotent=number.is_idempotent)
        if outcome.code == "fault":
            logger.error(
                "send broke",
                exc_info=one.answer if isinstance(one.answer, BaseException) else None,
                extra={"channel_id": number.channel.pk},
            )
        return outcome

    def _note(
        self, workspace_id: int, told: Iterable[tuple[_Answered, Outcome]]
    ) -> None:
        """What the sends told about their providers; losing it harms nobody."""
        signs: dict[int, breakers.Signs] = {}
        keyless: set[int] = set()
        for one, outcome in told:
            channel = self.numbers[one.submitted.claimed.channel_id].channel
            if channel.integration_id is None:
                continue
            sign = signs.setdefault(channel.integration_id, breakers.Signs())
            if outcome.health == Health.WELL:
                sign.answer()
            elif outcome.health in (Health.ILL, Health.NO_KEY):
                sign.miss(outcome.code)
            if outcome.health == Health.NO_KEY:
                keyless.add(channel.pk)
        now = time.monotonic()
        is_news = any(sign.misses for sign in signs.values())
        if not is_news and not self.ill and now < self.next_signs:
            return
        self.next_signs = now + SIGNS_EVERY
        self.ill = is_news
        try:
            breakers.note(workspace_id, signs)
            if keyless:
                gateway.ask_soon(keyless, workspace_id=workspace_id)
            self._write_logs(workspace_id)
        except _AWAY as error:
            logger.warning("breakers not noted", extra={"error": type(error).__name__})

    def _write_logs(self, workspace_id: int) -> None:
        rows: list[ChannelLog] = []
        for number in self.numbers.values():
            if number.channel.workspace_id == workspace_id and number.failures:
                taken = len(number.failures)
                rows += number.failures[:taken]
                del number.failures[:taken]
        if rows:
            with workspace_transaction(workspace_id):
                ChannelLog.objects.bulk_create(rows)
