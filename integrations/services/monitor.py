"""The session monitor: asks every provider about every session that is due, many at once.

Celery's beat and `manage.py check_sessions` come before. One thread claims, reads and writes;
the others do nothing but ask, each with its own exchange and no connection to the database.
Who is slow holds no more than a share of them, who is down is not asked again and again, and
what nobody got to before the deadline is given back. Any number of monitors may run at once.
"""

import logging
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError

from accounts.scoping import workspace_transaction
from integrations import gateway, health, settling
from integrations.failures import Failure, failure_of
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import ChannelLog, Problem, Session, SessionState
from integrations.pools import asking_threads
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import SessionReport
from integrations.services import answers, asking, due, leases
from integrations.services.answers import Aftermath
from integrations.services.asking import NotConnectable
from integrations.services.due import Due
from integrations.services.slots import Slot

DEADLINE: Final = 40.0  # seconds in which questions are begun
QUESTION: Final = 8.0  # seconds for one of them, however many requests it takes
LEASE: Final = round(DEADLINE + QUESTION) + 12
THREADS: Final = 128
MOST: Final = 20_000  # sessions of one run; the rest stays due
WRITE_EVERY: Final = 0.2  # seconds
CLOSING: Final = 10.0  # seconds for all that nobody wants any more

logger = logging.getLogger("integrations")

Answer = SessionReport | Failure


@dataclass(slots=True)
class Tally:
    """What a run did, for logs and the command. `states` are those shown after it."""

    asked: int = 0
    failed: int = 0
    unasked: int = 0  # the provider was down, or cannot be asked
    changed: int = 0
    void: int = 0  # somebody else decided meanwhile
    given_back: int = 0
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Asked:
    due: Due
    answer: Answer
    failures: list[ChannelLog]
    was_asked: bool = True
    is_as_ever: bool = field(init=False)

    def __post_init__(self) -> None:
        """Whether a steady session got the answer that it always gets."""
        answer, session = self.answer, self.due.session
        self.is_as_ever = (
            isinstance(answer, SessionReport)
            and self.due.is_steady
            and answer.state == SessionState.CONNECTED
            and not answer.granted
            and answer.provider_state[:64] == session.provider_state
            and (answer.external_id or session.external_id) == session.external_id
            and (answer.quality or "") in {"", self.due.channel.quality}
            and (answer.limit or "") in {"", self.due.channel.limits.get("messages")}
            and answer.is_on_phone in {None, self.due.channel.limits.get("is_on_phone")}
            and health.is_expected(answer.phone, self.due.channel.phone)
        )


def run(*, workspace_id: int | None = None, deadline: float = DEADLINE) -> Tally:
    """Ask about every session that is due, of one workspace or of all."""
    return _Run(workspace_id, deadline).run()


class _Run:
    """One monitor at work. Only `_question` runs in the threads."""

    def __init__(self, workspace_id: int | None, deadline: float) -> None:
        self.workspace_id = workspace_id
        self.token = uuid.uuid4()
        self.tally = Tally()
        self.unread: deque[tuple[int, list[int]]] = deque()
        self.slots: dict[str, Slot[Due]] = {}
        self.unwanted: list[tuple[Due, Aftermath]] = []
        self.under_way = 0
        self.answered: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self.begun = time.monotonic()
        self.until = self.begun + deadline

    def run(self) -> Tally:
        claimed = due.claim(
            most=MOST,
            token=self.token,
            lease_seconds=LEASE,
            workspace_id=self.workspace_id,
        )
        self.unread.extend(claimed.items())
        with asking_threads(THREADS, name="monitor") as pool:
            written = time.monotonic()
            batch: list[_Asked] = []
            while True:
                self._read_some()
                self._begin(pool, batch)
                batch += self._collect()
                is_idle = not self.under_way and not self.unread
                if batch and (is_idle or time.monotonic() - written >= WRITE_EVERY):
                    self._write(batch)
                    batch, written = [], time.monotonic()
                elif is_idle and not batch:
                    break
        self._let_go()
        self._close_unwanted()
        self.tally.seconds = round(time.monotonic() - self.begun, 3)
        return self.tally

    # --- before asking ----------------------------------------------------------
    def _read_some(self) -> None:
        """Read what one workspace needs; the first questions leave before the last is read."""
        if not self.unread:
            return
        workspace_id, ids = self.unread.popleft()
        try:
            found = due.read(workspace_id, ids, self.token)
        except Exception:
            # Their leases end by themselves; every other workspace is asked about now.
            facts = {"workspace_id": workspace_id, "sessions": len(ids)}
            logger.exception("sessions not read", extra=facts)
            return
        for one in found:
            self.slots.setdefault(one.slot, Slot()).add(one)

    def _begin(self, pool: ThreadPoolExecutor, batch: list[_Asked]) -> None:
        """Hand out as many questions as there are free threads, one slot after the other."""
        if time.monotonic() >= self.until:
            return
        is_going = True
        while is_going:
            is_going = False
            for slot in self.slots.values():
                if not slot.turns:
                    continue
                one, verdict = slot.look()
                if verdict is not None or not _is_to_be_asked(one):
                    slot.pop()
                    batch.append(_unasked(one, verdict))
                    is_going = True
                elif slot.has_room(THREADS - self.under_way):
                    slot.pop()
                    self._hand_out(pool, one, slot, batch)
                    is_going = True

    def _hand_out(
        self, pool: ThreadPoolExecutor, one: Due, slot: Slot[Due], batch: list[_Asked]
    ) -> None:
        """The credentials are opened here, right before they are needed."""
        failures: list[ChannelLog] = []
        assert one.integration is not None  # noqa: S101  # `_is_to_be_asked` saw it
        try:
            line = gateway.open_line(
                one.integration,
                channel_id=one.channel.pk,
                budget=QUESTION,
                failures=failures,
            )
        except CredentialsUnreadable:
            unreadable = Failure(Problem.CREDENTIALS_UNREADABLE)
            batch.append(_Asked(one, unreadable, failures, was_asked=False))
            return
        except Exception:  # noqa: BLE001  # logged with its traceback
            _log_broken(one)
            broken = Failure(Problem.UNREADABLE)
            batch.append(_Asked(one, broken, failures, was_asked=False))
            return
        slot.under_way += 1
        self.under_way += 1
        pool.submit(self._question, one, line, failures)

    def _question(self, one: Due, line: Line, failures: list[ChannelLog]) -> None:
        answer: Answer = Failure(Problem.UNREADABLE)
        try:
            answer = line.adapter.session_status(
                one.session.external_id, line.credentials, line.http
            )
        except ProviderError as error:
            answer = failure_of(error)
        except Exception:  # noqa: BLE001  # logged with its traceback
            _log_broken(one)
        finally:
            self.answered.put(_Asked(one, answer, failures))

    # --- after asking -----------------------------------------------------------
    def _collect(self) -> list[_Asked]:
        """What has come back; waits a moment when nothing has, and there is nothing else."""
        found: list[_Asked] = []
        patience = 0.0 if self.unread else 0.02
        while self.under_way:
            try:
                asked = self.answered.get(timeout=0 if found else patience)
            except queue.Empty:
                break
            found.append(asked)
            slot = self.slots[asked.due.slot]
            slot.under_way -= 1
            self.under_way -= 1
            self.tally.asked += 1
            slot.judge(asked.due, asked.answer)
        return found

    def _write(self, batch: list[_Asked]) -> None:
        """Write answers down, one transaction for each workspace."""
        by_workspace: dict[int, list[_Asked]] = {}
        for asked in batch:
            workspace_id = asked.due.session.workspace_id
            by_workspace.setdefault(workspace_id, []).append(asked)
        for workspace_id, rows in by_workspace.items():
            try:
                self._write_workspace(workspace_id, rows)
            except Exception as error:  # noqa: BLE001  # one of them is bad: find out which
                if len(rows) == 1:
                    self._give_up(rows[0], error)
                    continue
                for row in rows:
                    try:
                        self._write_workspace(workspace_id, [row])
                    except Exception as alone:  # noqa: BLE001  # the others go on
                        self._give_up(row, alone)

    def _give_up(self, asked: _Asked, error: Exception) -> None:
        """Its lease ends by itself, and then it is due again."""
        ids = {
            "session_id": asked.due.session.pk,
            "workspace_id": asked.due.session.workspace_id,
            "error": type(error).__name__,
        }
        logger.error("session answer not written", extra=ids)

    def _write_workspace(self, workspace_id: int, rows: Sequence[_Asked]) -> None:
        unwanted: list[tuple[Due, Aftermath]] = []
        tally = Tally()
        with workspace_transaction(workspace_id):
            beaten = self._beat(workspace_id, rows, tally)
            for asked in rows:
                if asked.due.session.pk in beaten:
                    continue
                aftermath = self._take(workspace_id, asked, tally)
                if aftermath is not None and aftermath.must_close:
                    unwanted.append((asked.due, aftermath))
            logs = [row for asked in rows for row in asked.failures]
            ChannelLog.objects.bulk_create(logs)
        self._count(tally)
        self.unwanted += unwanted

    def _beat(
        self, workspace_id: int, rows: Sequence[_Asked], tally: Tally
    ) -> set[int]:
        """All is as it was: one statement for all of them. Returns whose heart beats."""
        wanted = {asked.due.session.pk for asked in rows if asked.is_as_ever}
        if not wanted:
            return set()
        now = settling.database_now()
        held = Session.objects.for_workspace(workspace_id).filter(
            pk__in=wanted, lease_token=self.token
        )
        # What was told of one meanwhile has to be weighed against the answer.
        states = held.select_for_update().values_list(
            "pk", "state", "told_state", "silent_since", "ended_at"
        )
        changed = {
            pk
            for pk, state, told, silent_since, ended_at in states.order_by("pk")
            if (state, silent_since, ended_at) != (SessionState.CONNECTED, None, None)
            or told not in {"", SessionState.CONNECTED}
        }
        beaten = held.exclude(pk__in=changed).update(
            last_heartbeat_at=now,
            probe_at=now,
            answered_at=now,
            next_check_at=now + answers.LIVE_EVERY,
            lease_token=None,
            lease_until=None,
        )
        tally.states[SessionState.CONNECTED] += beaten
        tally.void += len(wanted - changed) - beaten
        return wanted - changed

    def _take(self, workspace_id: int, asked: _Asked, tally: Tally) -> Aftermath | None:
        held = leases.hold(workspace_id, asked.due.session.pk, self.token)
        if held is None:
            tally.void += 1
            return None
        session, now = held
        before = session.state
        if not asked.was_asked and isinstance(asked.answer, Failure):
            tally.unasked += 1
        elif isinstance(asked.answer, Failure):
            tally.failed += 1
        if _cannot_be_asked(asked):
            answers.take_nothing(session, now=now)
            aftermath = Aftermath()
        else:
            aftermath = answers.take_answer(session, asked.answer, now=now)
        tally.changed += before != session.state
        tally.states[session.state] += 1
        return aftermath

    def _count(self, tally: Tally) -> None:
        self.tally.failed += tally.failed
        self.tally.unasked += tally.unasked
        self.tally.changed += tally.changed
        self.tally.void += tally.void
        self.tally.states += tally.states

    def _close_unwanted(self) -> None:
        """Another number than ours was paired: it must not stay connected at the provider.

        Last, since whoever is slow to close one must not cost the others their leases.
        """
        until = time.monotonic() + CLOSING
        for one, aftermath in self.unwanted:
            left = until - time.monotonic()
            try:
                asking.close_unwanted(one.channel, aftermath.external_id, budget=left)
            except NotConnectable:
                continue  # removed meanwhile, and told so then
            except Exception:  # noqa: BLE001  # logged with its traceback
                _log_broken(one)

    def _let_go(self) -> None:
        rest = [one for slot in self.slots.values() for one in slot.left()]
        self.tally.given_back = len(rest)
        try:
            due.give_back(rest, self.token)
        except DatabaseError:
            logger.warning("sessions not given back", extra={"sessions": len(rest)})


def _is_to_be_asked(one: Due) -> bool:
    """A code or link that was never opened has nothing to be asked about yet."""
    if one.integration is None or one.session.is_unopened:
        return False
    try:
        adapter = registry.get(one.channel.provider)
    except registry.UnknownProvider:
        return False
    return Capability.SESSION_PROBE in adapter.capabilities


def _unasked(one: Due, verdict: Failure | None) -> _Asked:
    nothing = Failure(Problem.UNSUPPORTED)
    can_be_asked = _is_to_be_asked(one)
    answer = verdict if verdict is not None and can_be_asked else nothing
    return _Asked(one, answer, [], was_asked=False)


def _cannot_be_asked(asked: _Asked) -> bool:
    return (
        not asked.was_asked
        and isinstance(asked.answer, Failure)
        and asked.answer.problem == Problem.UNSUPPORTED
    )


def _log_broken(one: Due) -> None:
    """A bug in one adapter, or a row that cannot be, is no outage of everybody else."""
    ids = {
        "session_id": one.session.pk,
        "workspace_id": one.session.workspace_id,
        "provider": one.channel.provider,
    }
    logger.exception("session check broke", extra=ids)  # noqa: LOG004  # called in one
