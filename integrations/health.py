"""How a session stands: three signals go in, the worst of them is what is shown.

Room 1, below the gateway. These functions change a `Session` in memory and ask nobody;
`settling.py` holds the row before and writes it after. See docs/adr/0016-three-signals.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integrations import codes
from integrations.failures import Failure
from integrations.models import Problem, Session, SessionKind, SessionState, Signal
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import SessionReport
from integrations.providers.cloud_payload.people import is_same_number

# A single missed answer is nobody's outage.
FAILURES_UNTIL_UNSTEADY: Final = 3
# Nor is being asked to wait; but nobody has seen the number for as long as that goes on.
UNSEEN_LASTS: Final = timedelta(minutes=15)
# A word and an answer that differ: the provider's own parts may need so long to agree.
WORD_HOLDS: Final = timedelta(minutes=2)
PENDING_LASTS: Final = timedelta(minutes=15)

PENDING: Final = frozenset(
    {SessionState.CREATED, SessionState.AWAITING_USER, SessionState.VERIFYING}
)
_RANK: Final = {
    SessionState.CONNECTED: 0,
    SessionState.DEGRADED: 1,
    SessionState.DISCONNECTED: 2,
}
# The reason of a word about a phone that is not ours.
ANOTHER_PHONE: Final = _("Another phone was connected than the one of this number.")


@dataclass(frozen=True, slots=True)
class Standing:
    """One signal: a state, since when, and what is wrong."""

    signal: Signal
    state: SessionState
    since: datetime
    problem: str = ""
    reason: str = ""


# --- news go in -----------------------------------------------------------------
def take_report(
    session: Session, report: SessionReport, *, expected: str, now: datetime
) -> None:
    """The provider answered. `expected` is the number it should be about."""
    session.probe_at = session.answered_at = now
    session.failing_since, session.failures = None, 0
    session.provider_state = report.provider_state[:64]
    session.external_id = report.external_id[:128] or session.external_id
    if session.is_pending:
        _take_pending(session, report, expected=expected, now=now)
    else:
        _take_live(session, report, expected=expected, now=now)


def _take_pending(
    session: Session, report: SessionReport, *, expected: str, now: datetime
) -> None:
    state = _known(report.state)
    if state == SessionState.DEGRADED and session.kind == SessionKind.QR:
        # Nobody has scanned yet, as far as anybody knows: a gateway on its way, or a new word.
        state = SessionState.VERIFYING
    if state in {SessionState.CONNECTED, SessionState.DEGRADED}:
        if not is_expected(report.phone, expected):
            _fail(session, Problem.NUMBER_WRONG, "", now=now)
            return
        session.connected_at = now
        codes.forget(session)
        _set_probe(session, state, _problem_of(state), report.reason, now=now)
        return
    may_try_again = session.kind != SessionKind.CREDENTIALS
    if state == SessionState.FAILED or (
        state == SessionState.DISCONNECTED and not may_try_again
    ):
        problem = (
            Problem.NUMBER_WRONG
            if not is_expected(report.phone, expected)
            else Problem.REFUSED
        )
        _fail(session, problem, report.reason, now=now)
        return
    if state == SessionState.DISCONNECTED:
        state = SessionState.AWAITING_USER  # nobody scanned this code; there are others
    session.state, session.reason, session.problem = state, report.reason[:200], ""
    codes.take(session, report, now=now)


def _take_live(
    session: Session, report: SessionReport, *, expected: str, now: datetime
) -> None:
    state = _known(report.state)
    problem = _problem_of(state)
    # Of a gateway without a phone the one that it tells is of before.
    is_linked = state in {SessionState.CONNECTED, SessionState.DEGRADED}
    may_be_linked = is_linked or state == SessionState.FAILED
    if may_be_linked and not is_expected(report.phone, expected):
        state, problem = SessionState.DISCONNECTED, Problem.NUMBER_WRONG
    elif is_linked:
        pass
    elif state in {SessionState.VERIFYING, SessionState.CREATED}:
        state, problem = SessionState.DEGRADED, Problem.UNSTEADY
    elif (
        session.probe_problem == Problem.NUMBER_WRONG
        and is_awaited(session, now=now)
        and not (report.payload or report.pairing_code)
    ):
        # The phone that took the code was turned out: whoever holds it has to read why.
        state, problem = SessionState.DISCONNECTED, Problem.NUMBER_WRONG
    else:
        # A gateway that shows a code again has lost the phone.
        state, problem = SessionState.DISCONNECTED, Problem.LOGGED_OUT
    if state != SessionState.DISCONNECTED:
        codes.forget(session)
    elif is_awaited(session, now=now):
        codes.take(session, report, now=now)  # somebody is connecting it anew
    else:
        codes.forget(session)
    _set_probe(session, state, problem, report.reason, now=now)


def is_awaited(session: Session, *, now: datetime) -> bool:
    """Whether somebody sits in front of a number that was lost, to connect it anew."""
    return session.expires_at is not None and now < session.expires_at


def take_failure(session: Session, failure: Failure, *, now: datetime) -> None:
    """Nobody could tell. What cannot pass counts at once, the rest when it goes on."""
    session.probe_at = now
    if session.is_pending:
        if failure.is_final:
            _fail(session, failure.problem, failure.reason, now=now)
        else:
            session.problem = failure.problem
            session.reason = failure.reason
        return
    if failure.is_final:
        session.answered_at = now
        session.failing_since, session.failures = None, 0
        _set_probe(
            session, SessionState.DISCONNECTED, failure.problem, failure.reason, now=now
        )
        return
    is_busy = failure.problem == Problem.BUSY
    if is_busy and session.probe_state == SessionState.DISCONNECTED:
        return  # what has to be mended is still what the last answer said
    session.failing_since = session.failing_since or now
    if not is_busy:
        session.failures = min(session.failures + 1, 1000)
    session.probe_problem, session.probe_reason = failure.problem, failure.reason


def take_word(
    session: Session, state: str, reason: str, *, is_ours: bool, at: datetime
) -> bool:
    """The provider told us something of itself. False when it is older than what we know.

    `is_ours` is whether the number it names as connected, if any, is the expected one.
    """
    if session.told_at is not None and at < session.told_at:
        return False
    known = _known(state)
    if known in PENDING:
        known = SessionState.DEGRADED
    elif known not in _RANK or not is_ours:
        known = SessionState.DISCONNECTED
    if known != session.told_state or is_outdated(session):
        session.told_state, session.told_at = known, at
    session.told_reason = reason[:200] if is_ours else ANOTHER_PHONE
    return True


def take_silence(session: Session, since: datetime | None) -> None:
    session.silent_since = since


def take_sign(session: Session, *, now: datetime, at: datetime | None = None) -> None:
    """A fresh message came in, now or `at`: nobody is silent, and an older word is outdated."""
    session.heard_at = max(filter(None, (session.heard_at, at or now)))
    session.silent_since = None
    if session.is_pending:
        session.connected_at = now
        codes.forget(session)
        _set_probe(session, SessionState.CONNECTED, "", "", now=now)
        session.last_heartbeat_at = now


def expire(session: Session, *, now: datetime) -> None:
    """Nobody finished in time. What was wrong meanwhile stays told."""
    session.state, session.state_since = SessionState.EXPIRED, now
    session.problem = session.problem or Problem.TOO_LATE
    session.ended_at = now
    codes.forget(session)


def end(session: Session, *, reason: str, now: datetime) -> None:
    """Somebody ended it on purpose."""
    session.state, session.state_since = SessionState.DISCONNECTED, now
    session.signal = session.problem = ""
    session.reason, session.ended_at = reason[:200], now
    codes.forget(session)


# --- what is shown comes out ----------------------------------------------------
def show(session: Session, *, now: datetime) -> None:
    """Set the shown state of a session that was connected to the worst of its signals."""
    if session.connected_at is None or not session.is_open:
        return
    if session.state == SessionState.DISCONNECTED:
        session.silent_since = None  # nobody could write: that silence tells nothing
    worst = worst_of(signals(session, now=now))
    session.signal, session.state = worst.signal, worst.state
    session.state_since = worst.since
    session.problem, session.reason = worst.problem, worst.reason


def signals(session: Session, *, now: datetime) -> list[Standing]:
    """Every signal that counts at the moment; the probe's always does."""
    found = [_probe(session, now=now)]
    if session.told_at is not None and not is_outdated(session):
        state = SessionState(session.told_state)
        found.append(
            Standing(
                Signal.PROVIDER,
                state,
                session.told_at,
                _problem_of_word(session, state),
                session.told_reason,
            )
        )
    if session.silent_since is not None:
        found.append(
            Standing(
                Signal.SILENCE,
                SessionState.DEGRADED,
                session.silent_since,
                Problem.SILENT,
            )
        )
    return found


def worst_of(found: list[Standing]) -> Standing:
    """The worst; of equals the one that has lasted longest, when all is well the probe."""
    worst = max(_RANK[one.state] for one in found)
    if worst == 0:
        return found[0]
    return min(
        (one for one in found if _RANK[one.state] == worst), key=lambda one: one.since
    )


def is_steady(session: Session) -> bool:
    """Whether one more good answer changes nothing but the time of the last heartbeat."""
    return (
        session.connected_at is not None
        and session.state == session.probe_state == SessionState.CONNECTED
        and session.told_state in {"", SessionState.CONNECTED}
        and session.failing_since is None
        and session.silent_since is None
    )


def _probe(session: Session, *, now: datetime) -> Standing:
    state = SessionState(session.probe_state or SessionState.CONNECTED)
    since = session.probe_since or session.connected_at or now
    problem, reason = session.probe_problem, session.probe_reason
    if session.failing_since is not None and state != SessionState.DISCONNECTED:
        is_unseen = now - session.failing_since >= UNSEEN_LASTS
        if is_unseen or session.failures >= FAILURES_UNTIL_UNSTEADY:
            state, since = SessionState.DEGRADED, session.failing_since
        else:  # not yet believed
            problem, reason = _problem_of(state), ""
    return Standing(Signal.PROBE, state, since, problem, reason)


def is_outdated(session: Session) -> bool:
    """A word is outdated for good by a later message, by an answer that saw the number come
    back since, and by any that says connected once both had time."""
    told_at = session.told_at
    if told_at is None:
        return True
    # Answers that knew of the loss and now say connected are not those of a lagging provider.
    came_back_at = (
        session.probe_since if session.probe_state == SessionState.CONNECTED else None
    )
    well_at = session.last_heartbeat_at
    return (
        (session.heard_at is not None and session.heard_at > told_at)
        or (came_back_at is not None and came_back_at > told_at)
        or (well_at is not None and well_at - told_at >= WORD_HOLDS)
    )


def _set_probe(
    session: Session,
    state: SessionState,
    problem: str,
    reason: str,
    *,
    now: datetime,
) -> None:
    if session.probe_state != state or session.probe_since is None:
        session.probe_state, session.probe_since = state, now
    session.probe_problem, session.probe_reason = problem, reason[:200]
    if state == SessionState.CONNECTED:
        session.last_heartbeat_at = now


def _fail(session: Session, problem: Problem, reason: str, *, now: datetime) -> None:
    session.state, session.state_since = SessionState.FAILED, now
    session.problem, session.reason = problem, reason[:200]
    session.ended_at = now
    codes.forget(session)


def _known(state: str) -> SessionState:
    """A word that is none of ours is no reason to trust the session."""
    return (
        SessionState(state) if state in SessionState.values else SessionState.DEGRADED
    )


def _problem_of(state: SessionState) -> str:
    return {
        SessionState.DEGRADED: Problem.UNSTEADY.value,
        SessionState.DISCONNECTED: Problem.LOGGED_OUT.value,
    }.get(state, "")


def _problem_of_word(session: Session, state: SessionState) -> str:
    if session.told_reason == ANOTHER_PHONE:
        return Problem.NUMBER_WRONG.value
    return _problem_of(state)


def is_expected(phone: str | None, expected: str) -> bool:
    """Whether a number told (digits) can be the one expected (E.164). Silence can."""
    return not phone or is_same_number(phone, expected.removeprefix("+"))
