"""One supervised child: its process, its lines on the terminal, its restarts.

Single-threaded on purpose: the supervisor forks, and a fork beside threads may hang.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import launch

MOST_DEATHS = 5
DEATHS_WINDOW = 60.0
LONGEST_PAUSE = 8.0
LONGEST_LINE = 64 * 1024


class CrashLoop(RuntimeError):
    """A child dies faster than restarting it could help."""


class Terminal:
    """Writes one line per event, with the name of the child that said it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, name: str, text: str) -> None:
        if not self.as_json:
            text = f"{name:8} | {text}"
        elif not text.startswith("{"):
            text = json.dumps({"process": name, "event": text}, ensure_ascii=False)
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            # Nobody reads any more; whether to stop is the parent watch's decision.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  # for good


class Pipes:
    """Every child's output, read without blocking."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._selector = selectors.DefaultSelector()
        self._rest: dict[int, bytes] = {}

    def attach(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  # started with a pipe
        os.set_blocking(process.stdout.fileno(), False)
        self._rest[process.stdout.fileno()] = b""
        self._selector.register(
            process.stdout, selectors.EVENT_READ, (name, process.stdout)
        )

    def pump(self, seconds: float) -> None:
        """Pass on what was said, waiting at most `seconds` for it."""
        for key, _ in self._selector.select(seconds):
            name, stream = key.data
            try:
                block = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            lines = (self._rest[key.fd] + block).split(b"\n")
            self._rest[key.fd] = lines.pop() if block else b""
            if len(self._rest[key.fd]) > LONGEST_LINE:
                lines.append(self._rest[key.fd])
                self._rest[key.fd] = b""
            for line in lines:
                if line.strip():
                    self.terminal.line(name, line.decode("utf-8", "replace").rstrip())
            if not block:
                self._selector.unregister(stream)
                del self._rest[key.fd]
                stream.close()


@dataclass
class Child:
    """`start` gives the running process; it is called again after each death."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    sign: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    restart_at: float | None = None
    deaths: deque[float] = field(default_factory=deque)

    def watch(self, now: float, say: Callable[[str], None]) -> None:
        """Notice a death, and start again when its pause is over."""
        if self.process is not None and self.process.poll() is not None:
            code = self.process.returncode
            launch.kill_session(self.process)
            self.process = None
            self._count_death(now, f"ended with {_words(code)}", say)
        if self.process is None and self.restart_at and now >= self.restart_at:
            try:
                self.process = self.start()
            except launch.ServerFailed as failure:
                self._count_death(now, str(failure), say)

    def _count_death(self, now: float, how: str, say: Callable[[str], None]) -> None:
        self.deaths.append(now)
        while now - self.deaths[0] > DEATHS_WINDOW:
            self.deaths.popleft()
        if len(self.deaths) > MOST_DEATHS:
            raise CrashLoop(
                f"{self.name} {how}; it died {len(self.deaths)} times within "
                f"{DEATHS_WINDOW:.0f} s. Its lines above say why."
            )
        pause = min(0.25 * 2 ** (len(self.deaths) - 1), LONGEST_PAUSE)
        self.restart_at = now + pause
        say(f"{self.name} {how}; starting it again in {pause:g} s")


def stop_all(children: list[Child], pipes: Pipes, *, patience: float) -> None:
    """Ask all at once, pass on their last words, then kill what is left of their sessions."""
    alive = [child for child in children if child.process is not None]
    for child in alive:
        if child.process is not None and child.process.poll() is None:
            child.process.send_signal(child.sign)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(
        child.process is not None and child.process.poll() is None for child in alive
    ):
        pipes.pump(0.05)
    for child in alive:
        if child.process is not None:
            launch.kill_session(child.process)
            child.process.wait()
    pipes.pump(0)


def spawn_with_pipe(
    name: str,
    command: list[str],
    *,
    pipes: Pipes,
    env: dict[str, str],
    cwd: Path,
) -> subprocess.Popen[bytes]:
    process = launch.spawn(
        [*launch.dies_with_us("TERM"), *command],
        log=subprocess.PIPE,
        cwd=cwd,
        env={**env, "RECADO_PROCESS": name},
    )
    pipes.attach(name, process)
    return process


def _words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
