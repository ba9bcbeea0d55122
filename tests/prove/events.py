"""Events to a receiver that fails three in ten, raised by processes that are killed between
their commit and the hint, and posted by workers that are killed too.

The receiver's own ledger says what came. Every committed event must be in it, and no other.
"""

import json
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from config.embedded import files
from tests.integrations.loopback import Answer, plain, serving
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say
from tests.prove.stack import Stack

PATIENCE = 420.0
KILL_EVERY = 4.0  # seconds; a worker takes one or two to start
SHARE = 0.3
_SUBSCRIBE = """
from django.utils import timezone
from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tests.factories import events as make
workspace = Workspace.objects.get(slug="prove")
with workspace_transaction(workspace.pk):
    make.subscription(workspace, url={url!r})
"""


def events(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("events")
    committed, killed = plan.size(1000, 60), plan.size(1000, 60)
    kills = plan.size(20, 3)
    say(
        f"events: {committed} committed, {committed} rolled back, {killed} killed before the"
        f" hint; {SHARE:.0%} of posts fail, workers killed {kills} times"
    )
    stack.remove("worker")
    came: Counter[str] = Counter()
    with serving(_receiver(came, chance)) as server:
        _in_django(stack, _SUBSCRIBE.format(url=server.url("/events")))
        stack.add_worker("worker", EGRESS_ALLOWED_HOSTS=server.host)
        counts = {"commit": committed, "rollback": committed, "kill": killed}
        with ThreadPoolExecutor(1) as hand:
            raised = hand.submit(_raise_all, stack, counts)
            # A worker dies with the thread that started it, so that has to be this one.
            _kill(stack, kills)
            raised.result()
        say(f"  {sum(came.values())} posts taken by then")
        seconds = _wait(stack, came, committed + killed)
    titles = Counter(one.partition(" ")[0] for one in came)
    say(
        f"  settled after {seconds:.0f} s: {dict(titles)}, {sum(came.values())} posts taken"
    )
    stack.remove("worker")
    stack.add_worker("worker")
    missing = committed + killed - titles["commit"] - titles["kill"]
    return [
        none_of("events_lost", missing, "committed events that never came"),
        none_of("events_invented", titles["rollback"], "rolled back events that came"),
    ]


def _receiver(came: "Counter[str]", chance: random.Random) -> Answer:
    good, bad = plain(b""), plain(status="500 Oh")

    def answer(stream: socket.socket, request: bytes) -> None:
        told = json.loads(request.partition(b"\r\n\r\n")[2])
        if chance.random() < SHARE:
            bad(stream, request)
            return
        came[told["data"]["ticket"]["title"]] += 1
        good(stream, request)

    return answer


def _kill(stack: Stack, times: int) -> None:
    """The worker and its children, again and again while it works."""
    for _ in range(times):
        time.sleep(KILL_EVERY)
        worker = stack.processes["worker"]
        worker.kill()
        worker.start()


def _wait(stack: Stack, came: "Counter[str]", expected: int) -> float:
    """Pauses of minutes, and leases of the dead, are over at once: what is proven is that
    nothing is forgotten."""
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        stack.sql(
            "UPDATE tickets_eventdelivery SET next_at = now(), tries = 0"
            " WHERE state = 'due' RETURNING id"
        )
        stack.sql(
            "UPDATE tickets_subscription SET lease_until = now(), next_turn_at = now()"
            " WHERE lease_until < now() + interval '70 seconds' RETURNING id"
        )
        due = stack.count(
            "SELECT count(*) FROM tickets_eventdelivery WHERE state = 'due'"
        )
        if not due and len(came) >= expected:
            break
        time.sleep(2)
    return time.monotonic() - started


def _raise_all(stack: Stack, counts: dict[str, int]) -> None:
    for how, count in counts.items():
        _raise(stack, how, count)


def _raise(stack: Stack, how: str, count: int) -> None:
    module = ["-m", "tests.prove.told", "--how", how, "--count", str(count)]
    done = subprocess.run(
        [sys.executable, *module],
        cwd=files.BASE_DIR,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{how} ended with {done.returncode}: {done.stderr[-2000:]}")


def _in_django(stack: Stack, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=files.BASE_DIR,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
