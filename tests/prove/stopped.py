"""Workers that are stopped inside a batch and continued too late may change nothing."""

import signal
import time
from pathlib import Path

from tests.prove import checks, traffic
from tests.prove.clients import Ledger
from tests.prove.plan import Plan
from tests.prove.processes import signal_one, state_of
from tests.prove.report import Row, none_of, say

LEASE_SECONDS = 5
LEASES = 3
PEOPLE = 100
FAULTS = ("stop-before-take", "stop-before-commit")
PATIENCE = 60.0


def stopped_worker(plan: Plan) -> list[Row]:
    stack = plan.stack
    say(
        f"stopped worker: inside a batch, for {LEASES} leases of {LEASE_SECONDS} s "
        f"(INBOX_LEASE_SECONDS), before and after the rows were taken"
    )
    stack.remove("worker")
    ledger = plan.ledger("stopped")
    notes = {fault: _stop_inside(plan, ledger, fault) for fault in FAULTS}
    stack.add_worker("worker", INBOX_LEASE_SECONDS=str(LEASE_SECONDS))
    time.sleep(LEASES * LEASE_SECONDS)
    seconds = stack.wait_until_done(PATIENCE)
    found = checks.look(stack, ledger)
    say(f"  taken over by another worker, done {seconds:.1f} s later: {found}")
    before = checks.digest(stack)
    for note in notes.values():
        signal_one(_stopped_pid(note), signal.SIGCONT)
    outcomes = {fault: _outcome(plan, note) for fault, note in notes.items()}
    changed = checks.changed(before, checks.digest(stack)).total()
    for fault, outcome in outcomes.items():
        say(f"  {fault}, continued: {outcome}")
        stack.remove(fault)
    # Without the rows it can only find out that they are another's; with them its session
    # is over.
    is_refused = outcomes["stop-before-take"] == "applied 0" and outcomes[
        "stop-before-commit"
    ].startswith("refused")
    wrong = changed + found.missing + found.doubled + found.undone
    wrong += found.wrong_counters + abs(found.leads - len(FAULTS) * PEOPLE)
    # The worker of the other scenarios has the usual lease.
    stack.remove("worker")
    stack.add_worker("worker")
    return [none_of("stopped_worker", wrong, "rows doubled or lost", also=is_refused)]


def _stop_inside(plan: Plan, ledger: Ledger, fault: str) -> Path:
    """Let a worker take messages and stop there. Returns where it writes what became."""
    stack = plan.stack
    note = stack.var / f"{fault}.notes"
    first = FAULTS.index(fault) * PEOPLE
    stack.add_faulty_worker(
        fault,
        PROVE_FAULT=fault,
        PROVE_NOTES=str(note),
        PROVE_CHILDREN="1",
        INBOX_LEASE_SECONDS=str(LEASE_SECONDS),
    )
    posts = [
        traffic.message(f"wamid.{fault}.{person}", person=first + person)
        for person in range(PEOPLE)
    ]
    plan.clients(posts, ledger).start().wait()
    stack.wait_until(
        lambda: _lines(note) and state_of(_stopped_pid(note)) == "T",
        f"{fault} did not stop inside a batch",
    )
    return note


def _stopped_pid(note: Path) -> int:
    return int(_lines(note)[0].split()[1])


def _outcome(plan: Plan, note: Path) -> str:
    plan.stack.wait_until(
        lambda: len(_lines(note)) > 1,
        "a continued worker said nothing",
        seconds=PATIENCE,
    )
    return _lines(note)[1]


def _lines(note: Path) -> list[str]:
    """The whole lines of a file that is being written, or not there yet."""
    text = note.read_text(encoding="utf-8") if note.exists() else ""
    return text.split("\n")[:-1]
