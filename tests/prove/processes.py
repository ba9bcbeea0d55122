"""One real process of Recado with all its children: to be killed, frozen and started again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from config.embedded import launch


class Process:
    """`start` gives the running process. Its children are found in /proc, never by name."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self._start = start
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._popen = self._start()

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def family(self) -> list[int]:
        """The process and everything below it, parents first."""
        below = _children()
        found = [self.pid]
        for pid in found:
            found += below.get(pid, [])
        return found

    def send(self, sign: signal.Signals) -> None:
        for pid in self.family() if self.is_alive else []:
            signal_one(pid, sign)

    def kill(self) -> None:
        """SIGKILL for all of it at once, as when the machine's memory is out."""
        if self._popen is None:
            return
        family = self.family() if self.is_alive else []
        for pid in family:
            signal_one(pid, signal.SIGKILL)
        launch.kill_session(self._popen)  # what outlived a head that had died before
        self._popen.wait()
        _wait_until_gone(family)
        self._popen = None

    def stop(self, sign: signal.Signals, *, patience: float = 10) -> None:
        """Ask the head of the family, then kill what is left."""
        if self._popen is None:
            return
        if self.is_alive:
            self._popen.send_signal(sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(patience)
        self.kill()


def signal_one(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def state_of(pid: int) -> str:
    """The kernel's letter: T is stopped, Z is a zombie, an empty text is gone."""
    try:
        return _stat(pid)[0]
    except OSError:
        return ""


def _children() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    return below


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(
        state_of(pid) not in {"", "Z"} for pid in pids
    ):
        time.sleep(0.01)
