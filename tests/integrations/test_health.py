from datetime import UTC, datetime, timedelta

import pytest

from integrations import health
from integrations.failures import Failure, failure_of
from integrations.models import Problem, Session
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberUnknown,
    OutcomeUnknown,
    PermissionMissing,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from integrations.providers.base.types import SessionReport

NOON = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PHONE = "+5511988887777"


def pending(**fields):
    values = {"kind": "qr", "state": "awaiting_user", "expires_at": NOON + 15 * MINUTE}
    return Session(**(values | fields))


def connected(**fields):
    values = {
        "kind": "qr",
        "state": "connected",
        "probe_state": "connected",
        "connected_at": NOON - 60 * MINUTE,
        "state_since": NOON - 60 * MINUTE,
        "probe_since": NOON - 60 * MINUTE,
    }
    return Session(**(values | fields))


def report(session, state, *, now=NOON, **fields):
    told = SessionReport(state=state, **fields)
    health.take_report(session, told, expected=PHONE, now=now)
    health.show(session, now=now)
    return session


def fail(session, problem, *, times=1, now=NOON):
    for number in range(times):
        health.take_failure(session, Failure(problem), now=now + number * MINUTE)
        health.show(session, now=now + number * MINUTE)
    return session


def word(session, state, *, at=NOON, is_ours=True):
    health.take_word(session, state, "said so", is_ours=is_ours, at=at)
    health.show(session, now=at)
    return session


# --- errors become problems -----------------------------------------------------
@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (CredentialsRefused("190"), Problem.KEY_WRONG),
        (PermissionMissing("200"), Problem.PERMISSION_MISSING),
        (Refused("404"), Problem.REFUSED),
        (NumberUnknown("100"), Problem.NUMBER_WRONG),
        (Throttled("429"), Problem.BUSY),
        (Unreachable("dns_failed"), Problem.UNREACHABLE),
        (Unavailable("503"), Problem.UNAVAILABLE),
        (Unsupported("x", "y"), Problem.UNSUPPORTED),
        (OutcomeUnknown("answer_timeout"), Problem.UNREACHABLE),
        (OutcomeUnknown("answer_truncated"), Problem.UNREACHABLE),
        (OutcomeUnknown("unreadable_answer"), Problem.UNREADABLE),
        (OutcomeUnknown("answer_too_large"), Problem.UNREADABLE),
    ],
)
def test_errors_are_told_apart(error, problem):
    assert failure_of(error).problem == problem


def test_the_wait_a_provider_asks_for_is_kept():
    assert failure_of(Throttled("429", retry_after=17)).retry_after == 17


# --- a session that was never connected -------------------------------------------
def test_a_scanned_code_connects_and_is_forgotten():
    session = pending(payload="2@code", pairing_code="ABCD-EFGH")

    report(session, "connected", phone="5511988887777")

    assert (session.state, session.connected_at) == ("connected", NOON)
    assert (session.payload, session.pairing_code) == ("", "")


def test_the_ninth_digit_makes_no_other_number():
    assert report(pending(), "connected", phone="551188887777").state == "connected"


def test_another_number_than_expected_fails():
    session = report(pending(), "connected", phone="5511900000000")

    assert (session.state, session.problem) == ("failed", "number_wrong")
    assert session.connected_at is None
    assert session.ended_at == NOON


def test_a_code_that_was_not_scanned_waits_for_the_next():
    session = report(pending(payload="old"), "disconnected", payload="")

    assert (session.state, session.payload) == ("awaiting_user", "")
    assert session.is_pending


@pytest.mark.parametrize("state", ["degraded", "sleeping", ""])
def test_an_unsteady_word_before_the_first_connection_connects_nobody(state):
    session = pending(payload="2@code")

    report(session, state, reason="The server is reconnecting by itself.")

    assert (session.state, session.reason) == (
        "verifying",
        "The server is reconnecting by itself.",
    )
    assert session.connected_at is None
    report(session, "awaiting_user", payload="2@another", now=NOON + MINUTE)
    assert (session.state, session.payload) == ("awaiting_user", "2@another")


@pytest.mark.parametrize("kind", ["credentials", "external_link"])
def test_a_number_that_works_without_its_webhook_is_connected_and_unsteady(kind):
    session = report(pending(kind=kind), "degraded")

    assert (session.state, session.problem) == ("degraded", "unsteady")
    assert session.connected_at == NOON


def test_pasted_credentials_of_a_dead_number_fail():
    session = report(pending(kind="credentials"), "disconnected", reason="banned")

    assert (session.state, session.reason) == ("failed", "banned")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (NOON + MINUTE, NOON + MINUTE),
        (NOON - 60 * MINUTE, None),  # a clock that is behind
        (NOON + 600 * MINUTE, None),  # a clock that is ahead
    ],
)
def test_the_end_of_a_code_is_believed_within_reason(told, kept):
    session = report(pending(), "awaiting_user", payload="2@x", expires_at=told)

    assert (session.payload, session.code_expires_at) == ("2@x", kept)


def test_a_pairing_code_outlives_polls_that_do_not_tell_it():
    session = report(
        pending(), "awaiting_user", payload="2@x", pairing_code="ABCD-EFGH"
    )

    report(session, "awaiting_user", payload="2@y")
    assert (session.payload, session.pairing_code) == ("2@y", "ABCD-EFGH")
    report(session, "verifying")
    assert (session.payload, session.pairing_code) == ("", "")


def test_a_link_outlives_polls_and_a_code_that_ran_out_does_not():
    told = {"payload": "https://hub.example/x"}
    link = report(pending(kind="external_link"), "awaiting_user", **told)
    code = report(pending(kind="qr"), "awaiting_user", payload="2@x")

    report(link, "awaiting_user")
    report(code, "awaiting_user")

    assert (link.payload, code.payload) == ("https://hub.example/x", "")


def test_a_code_told_again_lives_no_longer_and_stays_good_while_it_is_told():
    session = report(
        pending(), "awaiting_user", payload="2@x", expires_at=NOON + MINUTE / 2
    )

    report(session, "awaiting_user", payload="2@x", expires_at=NOON + MINUTE)
    assert session.code_expires_at == NOON + MINUTE / 2
    session.code_expires_at = NOON - MINUTE
    report(session, "awaiting_user", payload="2@x", expires_at=NOON + MINUTE)
    assert (session.payload, session.code_expires_at) == ("2@x", None)
    report(session, "awaiting_user", payload="2@y", expires_at=NOON + MINUTE)
    assert session.code_expires_at == NOON + MINUTE


@pytest.mark.parametrize("problem", [Problem.KEY_WRONG, Problem.REFUSED])
def test_what_will_not_pass_ends_a_pending_session(problem):
    assert fail(pending(), problem).state == "failed"


def test_what_may_pass_is_told_and_waited_for():
    session = fail(pending(), Problem.UNREACHABLE)

    assert (session.state, session.problem) == ("awaiting_user", "unreachable")
    assert session.is_pending


# --- the probe ----------------------------------------------------------------------
def test_two_missed_answers_change_nothing_and_the_third_does():
    session = connected()

    assert fail(session, Problem.UNREACHABLE, times=2).state == "connected"
    fail(session, Problem.UNREACHABLE, now=NOON + 2 * MINUTE)

    assert (session.state, session.signal) == ("degraded", "probe")
    assert session.problem == "unreachable"
    assert session.state_since == NOON


def test_one_good_answer_ends_it():
    session = fail(connected(), Problem.UNREACHABLE, times=5)

    report(session, "connected", now=NOON + 6 * MINUTE)

    assert (session.state, session.problem) == ("connected", "")
    assert session.failures == 0


@pytest.mark.parametrize(
    "problem",
    [Problem.KEY_WRONG, Problem.PERMISSION_MISSING, Problem.CREDENTIALS_UNREADABLE],
)
def test_a_key_that_is_refused_counts_at_once(problem):
    session = fail(connected(), problem)

    assert (session.state, session.problem) == ("disconnected", problem)


def test_being_asked_to_wait_says_nothing_until_it_goes_on_for_a_quarter_of_an_hour():
    session = fail(connected(), Problem.BUSY, times=15)
    assert (session.state, session.failures) == ("connected", 0)

    fail(session, Problem.BUSY, now=NOON + 15 * MINUTE)

    assert (session.state, session.signal) == ("degraded", "probe")
    assert (session.problem, session.state_since) == ("busy", NOON)
    report(session, "connected", now=NOON + 16 * MINUTE)
    assert (session.state, session.problem) == ("connected", "")


def test_being_asked_to_wait_hides_nothing_that_has_to_be_mended():
    session = report(connected(), "disconnected")

    fail(session, Problem.BUSY, times=20)

    assert (session.state, session.problem) == ("disconnected", "logged_out")


def test_a_single_miss_among_answers_that_ask_to_wait_changes_nothing():
    session = fail(connected(), Problem.BUSY, times=15)
    fail(session, Problem.BUSY, now=NOON + 15 * MINUTE)

    fail(session, Problem.UNREACHABLE, now=NOON + 16 * MINUTE)

    assert session.state == "degraded"


def test_only_an_answer_is_one():
    session = report(connected(), "connected")

    fail(session, Problem.BUSY, now=NOON + MINUTE)
    fail(session, Problem.UNREACHABLE, now=NOON + 2 * MINUTE)
    assert (session.answered_at, session.probe_at) == (NOON, NOON + 2 * MINUTE)

    fail(session, Problem.KEY_WRONG, now=NOON + 3 * MINUTE)
    assert session.answered_at == NOON + 3 * MINUTE


@pytest.mark.parametrize("state", ["awaiting_user", "disconnected", "failed"])
def test_a_gateway_that_shows_a_code_again_has_lost_the_phone(state):
    session = report(connected(), state)

    assert (session.state, session.problem) == ("disconnected", "logged_out")


def test_another_phone_behind_a_connected_session_is_no_connection():
    session = report(connected(), "connected", phone="5511900000000")

    assert (session.state, session.problem) == ("disconnected", "number_wrong")


def test_a_state_nobody_knows_is_unsteady():
    assert report(connected(), "sleeping").state == "degraded"


# --- the three together -------------------------------------------------------------
def test_the_worst_signal_is_shown_with_its_age():
    session = connected()
    health.take_silence(session, NOON - 3 * MINUTE)
    word(session, "disconnected", at=NOON - MINUTE)

    assert (session.state, session.signal) == ("disconnected", "provider")
    assert session.state_since == NOON - MINUTE


def test_of_equals_the_longest_is_shown():
    session = connected()
    health.take_silence(session, NOON - 30 * MINUTE)
    word(session, "verifying", at=NOON - MINUTE)

    assert (session.state, session.signal) == ("degraded", "silence")
    assert session.state_since == NOON - 30 * MINUTE


def test_a_word_outlives_an_answer_that_came_too_soon():
    session = word(connected(), "disconnected")

    assert report(session, "connected", now=NOON + MINUTE).state == "disconnected"
    assert report(session, "connected", now=NOON + 2 * MINUTE).state == "connected"


@pytest.mark.parametrize("problem", [Problem.BUSY, Problem.UNREACHABLE])
def test_what_is_no_answer_takes_no_word_back(problem):
    session = report(connected(), "connected", now=NOON - MINUTE)
    word(session, "disconnected")

    fail(session, problem, now=NOON + 3 * MINUTE)

    assert (session.state, session.state_since) == ("disconnected", NOON)


def test_an_outdated_word_stays_so_when_something_else_is_wrong_later():
    session = word(connected(), "disconnected")
    report(session, "connected", now=NOON + 2 * MINUTE)

    fail(session, Problem.UNREACHABLE, now=NOON + 3 * MINUTE)
    assert session.state == "connected"
    report(session, "disconnected", now=NOON + 600 * MINUTE)

    assert (session.signal, session.state_since) == ("probe", NOON + 600 * MINUTE)


def test_the_same_bad_word_counts_again_once_the_first_is_outdated():
    session = word(connected(), "disconnected")
    report(session, "connected", now=NOON + 5 * MINUTE)

    word(session, "disconnected", at=NOON + 60 * MINUTE)

    assert (session.state, session.signal) == ("disconnected", "provider")
    assert session.state_since == NOON + 60 * MINUTE


def test_the_same_bad_word_told_twice_is_as_old_as_the_first():
    session = word(connected(), "disconnected")

    word(session, "disconnected", at=NOON + MINUTE)

    assert session.state_since == NOON


def test_silence_while_it_was_down_is_forgotten_when_it_is_back():
    session = word(connected(), "disconnected")
    health.take_silence(session, NOON - 60 * MINUTE)
    report(session, "awaiting_user", now=NOON + MINUTE)

    report(session, "connected", now=NOON + 20 * MINUTE)

    assert (session.state, session.silent_since) == ("connected", None)


def test_an_answer_that_saw_the_loss_and_the_return_outdates_the_word():
    session = connected()
    word(session, "disconnected", at=NOON)
    report(session, "awaiting_user", now=NOON + timedelta(seconds=5))
    assert session.state == "disconnected"

    report(session, "connected", now=NOON + timedelta(seconds=8))

    assert session.state == "connected"


def test_a_later_word_takes_the_first_one_back():
    session = word(connected(), "disconnected")

    assert word(session, "connected", at=NOON + MINUTE).state == "connected"


def test_a_word_that_comes_late_is_not_heard():
    session = word(connected(), "connected", at=NOON)

    assert not health.take_word(
        session, "disconnected", "", is_ours=True, at=NOON - MINUTE
    )


def test_a_word_of_another_number_is_a_disconnection():
    told = word(connected(), "connected", is_ours=False)

    assert (told.state, told.problem) == ("disconnected", "number_wrong")


def test_a_message_outdates_a_word_and_silence():
    session = connected()
    health.take_silence(session, NOON - 60 * MINUTE)
    word(session, "disconnected")

    health.take_sign(session, now=NOON + MINUTE)
    health.show(session, now=NOON + MINUTE)

    assert session.state == "connected"


def test_a_message_does_not_outweigh_an_answer():
    session = report(connected(), "disconnected")

    health.take_sign(session, now=NOON + MINUTE)
    health.show(session, now=NOON + MINUTE)

    assert session.state == "disconnected"


def test_a_provider_that_cannot_be_asked_is_as_well_as_its_word():
    session = connected(probe_state="", probe_since=None)
    assert word(session, "disconnected").state == "disconnected"

    assert word(session, "connected", at=NOON + MINUTE).state == "connected"
