"""10,000 sends to a provider that fails three in ten, by workers that are killed at every step.

The provider's own ledger says what was sent, and how often. What Recado says of each message
is held against it.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded import files
from tests.factories import cloud_api
from tests.prove.clients import Post
from tests.prove.plan import Plan
from tests.prove.promises import text_of
from tests.prove.report import Row, none_of, say
from tests.prove.stack import Stack
from tests.twins.sending import AMBIGUOUS, REFUSED, fault_of

SHARE = 0.3
STEPS = ("claimed", "submitted", "sending", "answered", "recording", "recorded")
LEASE_SECONDS = 8
PATIENCE = 420.0
NAMES = (
    "sends_twice",
    "sends_missing",
    "sends_wrong_sent",
    "sends_wrong_failed",
    "sends_order",
)


def sends(plan: Plan) -> list[Row]:
    stack = plan.stack
    count, kills = plan.size(10_000, 500), plan.size(3, 1)
    ledger = stack.var / "provider.ledger"
    notes = stack.var / "sends.kills"
    notes.mkdir()
    say(
        f"sends: {count} messages, {SHARE:.0%} of first attempts fail, workers killed "
        f"{kills} times at each of {len(STEPS)} steps"
    )
    stack.remove("worker")
    try:
        with _provider(ledger) as host:
            _promise(stack, count)
            workers = [f"sender{number}" for number in (1, 2)]
            for name in workers:
                stack.add_faulty_worker(
                    name,
                    PROVE_FAULT="sending",
                    PROVE_CHILDREN="1",
                    PROVE_NOTES=str(notes),
                    PROVE_KILLS=str(kills),
                    META_API_BASE=f"http://{host}",
                    EGRESS_ALLOWED_HOSTS=host,
                    OUTBOX_LEASE_SECONDS=str(LEASE_SECONDS),
                    RATE_SEND_RECIPIENT="off",
                )
            seconds = _wait_until_settled(stack)
            before = _look(stack, ledger)
            say(f"  settled after {seconds:.0f} s: {before}")
            told = _tell_statuses(plan, before)
            found = _look(stack, ledger, told)
            for name in workers:
                stack.remove(name)
    finally:
        stack.add_worker("worker")
    killed = len(list(notes.iterdir()))
    say(f"  {killed} workers killed; after the provider's statuses: {found}")
    _show(found)
    is_whole = killed == kills * len(STEPS) and found.unsettled == 0
    return [
        none_of(
            "sends_twice",
            found.doubled,
            "messages twice at the provider",
            also=is_whole,
        ),
        none_of("sends_missing", found.missing, "definite failures never sent again"),
        none_of("sends_wrong_sent", found.wrong_sent, "said to be sent, and were not"),
        none_of(
            "sends_wrong_failed", found.wrong_failed, "said to have failed, and did not"
        ),
        none_of(
            "sends_order",
            found.out_of_order + found.untold,
            "out of turn, or unconfirmed in spite of a status",
        ),
    ]


@dataclass(frozen=True)
class Entry:
    """What Recado says of one message."""

    text: str
    state: str
    reason: str
    shown: str
    token: str
    peer: str


@dataclass
class Found:
    entries: list[Entry]
    taken: list[tuple[str, str, str]]  # text, token, id; in the order of the ledger
    told: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.times = Counter(text for text, _, _ in self.taken)

    def __str__(self) -> str:
        states = Counter(entry.state for entry in self.entries)
        return f"{dict(states)}, {len(self.taken)} lines in the provider's ledger"

    @property
    def doubled(self) -> int:
        return sum(times - 1 for times in self.times.values())

    @property
    def unsettled(self) -> int:
        going = {"due", "claimed", "submitting"}
        return sum(entry.state in going for entry in self.entries)

    @property
    def missing(self) -> int:
        """Not at the provider, though nothing about it was ever in doubt."""
        return sum(
            entry.text not in self.times
            and entry.state != "uncertain"
            and fault_of(entry.text, SHARE) != REFUSED
            for entry in self.entries
        )

    @property
    def wrong_sent(self) -> int:
        return sum(
            entry.text not in self.times
            and (entry.state == "accepted" or entry.shown in ("accepted", "delivered"))
            for entry in self.entries
        )

    @property
    def wrong_failed(self) -> int:
        """Failed is right for what the provider refuses for good, and for nothing else."""
        return sum(
            "failed" in (entry.state, entry.shown)
            and (entry.text in self.times or fault_of(entry.text, SHARE) != REFUSED)
            for entry in self.entries
        )

    @property
    def out_of_order(self) -> int:
        """A message of a person that reached the provider after a later one of theirs."""
        places: dict[str, int] = {}
        peers = {entry.text: entry.peer for entry in self.entries}
        wrong = 0
        for text, _, _ in self.taken:
            number, peer = int(text.rsplit(" ", 1)[1]), peers[text]
            wrong += number < places.get(peer, -1)
            places[peer] = max(number, places.get(peer, -1))
        return wrong

    @property
    def untold(self) -> int:
        """The provider told a status of it, and still nobody knows."""
        return sum(
            entry.text in self.told
            and (entry.state, entry.shown) != ("accepted", "delivered")
            for entry in self.entries
        )


def _look(stack: Stack, ledger: Path, told: frozenset[str] = frozenset()) -> Found:
    rows = stack.sql(
        """
        SELECT entry.business_key, entry.state, entry.reason, message.status,
               entry.callback_token, entry.peer_key
          FROM whatsapp_outboxentry entry
          JOIN whatsapp_message message ON message.id = entry.message_id
        """
    )
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    return Found(
        [Entry(*row) for row in rows],
        [(text, token, id_) for text, token, id_, _ in lines],
        told,
    )


def _tell_statuses(plan: Plan, found: Found) -> frozenset[str]:
    """The provider posts a status for every second message that is in doubt and that it has."""
    ids = {text: id_ for text, _, id_ in found.taken}
    doubtful = [
        entry
        for entry in found.entries
        if entry.state == "uncertain" and entry.text in ids
    ]
    told = doubtful[::2]
    posts = [
        Post(
            cloud_api.body(
                statuses=(
                    cloud_api.status(
                        ids[entry.text],
                        "delivered",
                        biz_opaque_callback_data=entry.token,
                    ),
                )
            ),
            (ids[entry.text],),
        )
        for entry in told
    ]
    never = sum(
        entry.state == "uncertain" and entry.text not in ids for entry in found.entries
    )
    say(
        f"  in doubt: {len(doubtful)} that the provider has, {never} that it has not; "
        f"statuses of {len(told)}"
    )
    plan.clients(posts, plan.ledger("sends"), count=4).start().wait()
    plan.stack.wait_until_done(60)
    return frozenset(entry.text for entry in told)


def _wait_until_settled(stack: Stack) -> float:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        going = stack.count(
            "SELECT count(*) FROM whatsapp_outboxentry"
            " WHERE state IN ('due', 'claimed', 'submitting')"
        )
        if not going:
            break
        time.sleep(1)
    return time.monotonic() - started


def _show(found: Found) -> None:
    """What is in doubt, by why; and whatever is not as it should be."""
    reasons = Counter(
        entry.reason for entry in found.entries if entry.state == "uncertain"
    )
    kinds = Counter(
        fault_of(entry.text, SHARE) or "none"
        for entry in found.entries
        if entry.state == "uncertain"
    )
    say(f"  unconfirmed by reason: {dict(reasons)}")
    say(f"  unconfirmed by fault: {dict(kinds)}")
    lost = [
        entry
        for entry in found.entries
        if entry.state == "uncertain"
        and fault_of(entry.text, SHARE) not in AMBIGUOUS
        and entry.reason != "worker_gone"
    ]
    for entry in lost[:5]:
        say(f"  in doubt without a fault: {entry}")


def _promise(stack: Stack, count: int) -> None:
    assert text_of(7).endswith(" 7")  # the order is read from it
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.prove.promises"),
            *("--count", str(count), "--people", str(count // 4)),
        ],
        cwd=files.BASE_DIR,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"nothing was promised: {done.stderr[-2000:]}")


@contextmanager
def _provider(ledger: Path) -> Iterator[str]:
    ledger.touch()
    twin = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.twins.sending", "--ledger", str(ledger)),
            *("--delay", "0.02", "--share", str(SHARE), "--away", "0.4"),
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
