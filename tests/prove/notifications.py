"""Notifications are made with the ticket's event: as often as it happens, and not otherwise.

The same event raised 20 times at once, transactions that are rolled back, and processes that
are killed between the commit and the hint; what arrives is in the provider's own ledger.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded import files
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say
from tests.prove.stack import Stack

NAMES = ("notifications_same", "notifications_undone", "notifications_killed")
AT_ONCE = 20
PATIENCE = 120.0
_COUNT = """
SELECT count(*) FROM tickets_notification told
  JOIN tickets_ticket ticket ON ticket.id = told.ticket_id
 WHERE ticket.title = %s AND told.path = 'free_text' AND told.message_id IS NOT NULL
"""
_TEXTS = """
SELECT message.text FROM tickets_notification told
  JOIN tickets_ticket ticket ON ticket.id = told.ticket_id
  JOIN whatsapp_message message ON message.id = told.message_id
 WHERE ticket.title = %s
"""


def notifications(plan: Plan) -> list[Row]:
    stack = plan.stack
    count = plan.size(1000, 50)
    ledger = stack.var / "notifications.ledger"
    say(
        f"notifications: {count} events raised {AT_ONCE} times at once, {count} rolled "
        f"back, {count} killed between commit and hint"
    )
    stack.remove("worker")
    try:
        with _provider(ledger) as host:
            for step in ("furnish", "same", "undone", "killed"):
                _run(stack, step, count)
            stack.add_worker(
                "teller",
                META_API_BASE=f"http://{host}",
                EGRESS_ALLOWED_HOSTS=host,
                RATE_SEND_RECIPIENT="off",
            )
            sent = _wait_until_sent(stack, ledger)
            stack.remove("teller")
    finally:
        stack.add_worker("worker")
    arrived = Counter(sent)
    wrong = {name: _wrong(stack, name, count, arrived) for name in NAMES}
    doubled = sum(times - 1 for times in arrived.values())
    say(f"  {len(sent)} in the provider's ledger, wrong: {wrong}")
    is_whole = not doubled
    return [
        none_of("notifications_same", wrong[NAMES[0]], "not told once", also=is_whole),
        none_of("notifications_undone", wrong[NAMES[1]], "told of nothing"),
        none_of(
            "notifications_killed", wrong[NAMES[2]], "not told once", also=is_whole
        ),
    ]


def _wrong(stack: Stack, name: str, count: int, arrived: Counter[str]) -> int:
    """How far it is from what must be: rows that are missing or too many, and messages of
    them that the provider has not got exactly once."""
    title = name.removeprefix("notifications_")
    expected = 0 if title == "undone" else count
    rows = stack.count(_COUNT, title)
    texts = [text for (text,) in stack.sql(_TEXTS, title)]
    return abs(rows - expected) + sum(arrived[text] != 1 for text in texts)


def _run(stack: Stack, step: str, count: int) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.prove.tellers", step),
            *("--count", str(count), "--at-once", str(AT_ONCE)),
        ],
        cwd=files.BASE_DIR,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{step}: {done.stdout[-500:]} {done.stderr[-2000:]}")
    say(f"  {step}: {done.stdout.strip()}")


def _wait_until_sent(stack: Stack, ledger: Path) -> list[str]:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        going = stack.count(
            "SELECT count(*) FROM whatsapp_outboxentry"
            " WHERE state IN ('due', 'claimed', 'submitting')"
        )
        if not going:
            break
        time.sleep(0.5)
    else:
        say(f"  not sent after {PATIENCE:.0f} s: {going}")
    return [json.loads(line)[0] for line in ledger.read_text().splitlines()]


@contextmanager
def _provider(ledger: Path) -> Iterator[str]:
    """The twin of the tests, which fails nothing here."""
    ledger.touch()
    twin = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.twins.sending", "--ledger", str(ledger)),
            *("--delay", "0.01"),
        ],
        cwd=files.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert twin.stdout is not None
        yield f"127.0.0.1:{int(twin.stdout.readline())}"
    finally:
        twin.terminate()
        twin.wait(timeout=10)
