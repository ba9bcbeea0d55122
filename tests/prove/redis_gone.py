"""Redis is flushed, frozen and killed while webhooks come in; nobody has to be restarted."""

import signal
import time
from collections.abc import Callable, Sequence

import redis

from config.embedded import valkey
from tests.prove import checks, traffic
from tests.prove.clients import Answer, Clients, Ledger
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

RATE = 60.0
MOST_EXTRA_MS = 50.0
DONE_SECONDS = 60.0


def redis_gone(plan: Plan) -> list[Row]:
    stack = plan.stack
    pids = {name: stack.processes[name].pid for name in ("web", "worker", "beat")}
    flushed = _flushed(plan)
    stack.empty()
    frozen, extra = _frozen(plan)
    restarted = sum(
        pid != stack.processes[name].pid or not stack.processes[name].is_alive
        for name, pid in pids.items()
    )
    say(f"  {restarted} of {len(pids)} processes had to be restarted")
    return [
        none_of("redis_flushed", flushed, "messages lost or undone"),
        none_of("redis_frozen", frozen, "messages lost or undone", also=restarted == 0),
        Row(
            "request_wait_redis_ms",
            round(extra, 1),
            "ms more at p99 while frozen",
            f"<= {MOST_EXTRA_MS:g}",
            ok=extra <= MOST_EXTRA_MS,
        ),
    ]


def _flushed(plan: Plan) -> int:
    stack, chance = plan.stack, plan.chance("flushed")
    posts = traffic.conversations(
        "wamid.flushed", people=plan.size(200, 20), each=10, chance=chance
    )
    ledger = plan.ledger("flushed")
    say(f"redis flushed: FLUSHALL every 2 s during {len(posts)} posts")
    clients = plan.clients(posts, ledger, rate=2 * RATE).start()
    flushes = 0
    server = redis.Redis(unix_socket_path=str(stack.sockets / valkey.SOCKET_NAME))
    while clients.is_busy:
        server.flushall()
        flushes += 1
        time.sleep(2)
    server.close()
    return _settled(plan, clients, ledger, f"{flushes} flushes")


def _frozen(plan: Plan) -> tuple[int, float]:
    """Before, frozen, away, back: one stream of posts. Returns undone and the wait in ms."""
    stack, chance = plan.stack, plan.chance("frozen")
    before, frozen, away = (
        plan.size(15, 5),
        plan.size(60, 8),
        plan.size(10, 3),
    )
    total = int((before + frozen + away + 5) * RATE)
    posts = traffic.conversations(
        "wamid.frozen", people=total // 10, each=10, chance=chance
    )
    ledger = plan.ledger("frozen")
    say(f"redis frozen for {frozen} s, then killed for {away} s: {len(posts)} posts")
    server = stack.processes["valkey"]
    clients = plan.clients(posts, ledger, rate=RATE).start()
    time.sleep(before)
    froze_at = time.monotonic()
    server.send(signal.SIGSTOP)
    time.sleep(frozen)
    thawed_at = time.monotonic()
    server.kill()
    time.sleep(away)
    server.start()
    clients.wait()
    usual = _within(clients.answers, lambda at: at < froze_at)
    waited = _within(clients.answers, lambda at: froze_at <= at < thawed_at)
    extra = _percentile(waited, 0.99) - _percentile(usual, 0.99)
    say(
        f"  p99 {_percentile(usual, 0.99):.1f} ms before, {_percentile(waited, 0.99):.1f} "
        f"ms while frozen; longest {max(usual):.0f} and {max(waited):.0f} ms"
    )
    undone = _settled(plan, clients, ledger, "frozen, killed, back")
    return undone, extra


def _within(answers: Sequence[Answer], chosen: Callable[[float], bool]) -> list[float]:
    return sorted(answer.seconds * 1000 for answer in answers if chosen(answer.at))


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _settled(plan: Plan, clients: Clients, ledger: Ledger, what: str) -> int:
    seconds = plan.stack.wait_until_done(DONE_SECONDS)
    found = checks.look(plan.stack, ledger)
    say(
        f"  {what}; {len(clients.broken)} posts not answered 200 at once; done "
        f"{seconds:.1f} s later: {found}"
    )
    return found.missing + found.doubled + found.undone + clients.given_up
