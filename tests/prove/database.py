"""PostgreSQL stopped or frozen: every post is told to come again, in time, and then can."""

import signal
import threading
import time
from collections.abc import Callable

from tests.prove import checks, traffic
from tests.prove.clients import Answer, Ledger, Line
from tests.prove.plan import Plan
from tests.prove.report import Row, say

SENDERS = 4
PAUSE = 0.1
MOST_SECONDS = 3.0
BACK_SECONDS = 20.0
DONE_SECONDS = 90.0


def database_away(plan: Plan) -> list[Row]:
    stack = plan.stack
    # Longer than the receiver remembers whose URL it is.
    away = plan.size(15, 7)
    server = stack.processes["postgres"]
    ledger = plan.ledger("database")

    def stop() -> None:
        server.stop(signal.SIGINT)

    def freeze() -> None:
        server.send(signal.SIGSTOP)

    def thaw() -> None:
        server.send(signal.SIGCONT)

    say(f"database stopped for {away} s, then frozen for {away} s, posts going on")
    outcomes = [
        _away(plan, ledger, "stopped", leave=stop, back=server.start, seconds=away),
        _away(plan, ledger, "frozen", leave=freeze, back=thaw, seconds=away),
    ]
    seconds = stack.wait_until_done(DONE_SECONDS)
    found = checks.look(stack, ledger)
    say(f"  done {seconds:.1f} s later: {found}")
    worst = max(seconds for _, seconds in outcomes)
    is_whole = found.missing == found.doubled == found.undone == 0
    return [
        Row(
            "database_away",
            round(worst, 2),
            "s until 503 at most",
            f"<= {MOST_SECONDS:g}",
            ok=all(is_right for is_right, _ in outcomes)
            and worst <= MOST_SECONDS
            and is_whole,
        )
    ]


def _away(
    plan: Plan,
    ledger: Ledger,
    how: str,
    *,
    leave: Callable[[], None],
    back: Callable[[], None],
    seconds: float,
) -> tuple[bool, float]:
    """Whether every answer was right, and the longest wait for one."""
    senders = _Senders(plan, ledger, how)
    senders.start()
    time.sleep(1)
    leave()
    gone_at = time.monotonic()
    time.sleep(seconds)
    back_from = time.monotonic()
    back()
    back_at = time.monotonic()
    recovery = senders.wait_for_200(after=back_at)
    senders.stop()
    # What was sent while it went or came back may have been answered either way.
    during = [
        answer
        for answer in senders.answers
        if answer.at > gone_at and answer.at + answer.seconds < back_from
    ]
    right = [answer for answer in during if answer.status == 503 and answer.retry_after]
    longest = max((answer.seconds for answer in during), default=0.0)
    say(
        f"  {how}: {len(right)} of {len(during)} posts answered 503 with Retry-After, "
        f"longest {longest:.2f} s; 200 again after {recovery:.1f} s"
    )
    is_right = len(right) == len(during) > 0 and recovery < BACK_SECONDS
    return is_right, longest


class _Senders:
    """Clients that go on whatever they are answered."""

    def __init__(self, plan: Plan, ledger: Ledger, name: str) -> None:
        self.plan = plan
        self.ledger = ledger
        self.name = name
        self.answers: list[Answer] = []
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(number,), daemon=True)
            for number in range(SENDERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_200(self, *, after: float) -> float:
        """Seconds until a post that was sent since then was acknowledged."""
        deadline = after + BACK_SECONDS
        while time.monotonic() < deadline:
            found = [
                answer.at + answer.seconds - after
                for answer in list(self.answers)
                if answer.status == 200 and answer.at > after
            ]
            if found:
                return min(found)
            time.sleep(0.05)
        return BACK_SECONDS

    def _send(self, number: int) -> None:
        stack = self.plan.stack
        line = Line(stack.port, stack.webhook_path)
        turn = 0
        while not self._is_over.is_set():
            post = traffic.message(
                f"wamid.{self.name}.{number}.{turn}", person=number, at=turn
            )
            answer = line.post(post.body)
            self.answers.append(answer)
            if answer.status == 200:
                self.ledger.note(post.names)
            turn += 1
            time.sleep(PAUSE)
        line.close()
