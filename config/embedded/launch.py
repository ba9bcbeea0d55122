"""How a server or child is started so that it cannot outlive us, and under which user.

The ground under `postgres`, `valkey` and `supervisor`; it knows neither Django nor a
setting, because all of this runs before there is a database to name.
"""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

# The kernel keeps a socket's path in about 100 bytes, the server's file name included.
LONGEST_SOCKET_DIRECTORY = 80
NOBODY = 65534


class ServerFailed(RuntimeError):
    """A server did not start. The text says why and what to do, without a traceback."""


def dies_with_us(death_signal: str) -> list[str]:
    """The prefix of a command that gets `death_signal` when its parent dies (Linux)."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", death_signal] if setpriv else []


@functools.cache
def root_can_map_users() -> bool:
    """Whether root may take an ordinary user's number in a namespace of its own."""
    unshare = shutil.which("unshare")
    if unshare is None or not dies_with_us("INT"):
        return False
    probe = [*_in_user_namespace(), "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603  # fixed words


def _in_user_namespace() -> list[str]:
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def unprivileged(death_signal: str) -> list[str]:
    """The prefix for a program that refuses to run as root, as PostgreSQL does.

    Root takes the number of an ordinary user in a user namespace: no user is added, no
    file changes its owner, and a private directory stays private. Where namespaces are
    refused (a chroot, many containers) it becomes `nobody`. The death signal is set last,
    since it is lost when the process changes its user.
    """
    if os.geteuid() != 0:
        return dies_with_us(death_signal)
    if root_can_map_users():
        return [*_in_user_namespace(), *dies_with_us(death_signal)]
    if not dies_with_us(death_signal):
        raise ServerFailed(
            "PostgreSQL does not run as root, and neither `unshare` nor `setpriv` "
            "(package util-linux) is here. Start Recado as an ordinary user."
        )
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [*dies_with_us(death_signal)[:1], *ids, "--pdeathsig", death_signal]


def becomes_nobody() -> bool:
    return os.geteuid() == 0 and not root_can_map_users()


def give_to_nobody(*paths: Path) -> None:
    """Hand a tree to `nobody`, when that is who the server runs as."""
    if not becomes_nobody():
        return
    for path in paths:
        require_reachable(path)
        for item in (path, *path.rglob("*")):
            os.chown(item, NOBODY, NOBODY, follow_symlinks=False)


def require_reachable(path: Path) -> None:
    """Refuse a place that `nobody` cannot enter, when that is who the server runs as."""
    if not becomes_nobody():
        return
    for parent in path.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise ServerFailed(
                f"As root without user namespaces, PostgreSQL runs as nobody, who may not "
                f"enter {parent}. Start Recado as an ordinary user, or set RECADO_VAR_DIR "
                f"and the checkout to a place that others may enter."
            )


def private_directory(path: Path) -> Path:
    """Make a directory that nobody else may enter, or refuse one that is not ours."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), NOBODY}:
        raise ServerFailed(f"{path} is not a directory of this user. Remove it.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def socket_directory(var: Path) -> Path:
    """Where the servers listen: inside `var`, or under the temp directory.

    A path that is too long for a socket, or holds what a URL or a server's own list of
    directories would have to quote, is replaced by one made of the user and the path.
    """
    wished = (var / "run").resolve()
    if len(os.fsencode(wished)) <= LONGEST_SOCKET_DIRECTORY and re.fullmatch(
        r"[\w./+-]+", str(wished), re.ASCII
    ):
        return private_directory(wished)
    name = hashlib.sha256(os.fsencode(wished)).hexdigest()[:12]
    return private_directory(
        Path(tempfile.gettempdir()) / f"recado-{os.geteuid()}-{name}"
    )


def leave_socket_directory(var: Path) -> None:
    """Take away one that was made under the temp directory, once it is empty."""
    sockets = socket_directory(var)
    if not sockets.is_relative_to(var.resolve()):
        with contextlib.suppress(OSError):
            sockets.rmdir()


def spawn(
    command: list[str],
    *,
    log: IO[bytes] | int,
    cwd: Path,
    env: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    return subprocess.Popen(  # noqa: S603  # every command is written in this package
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=cwd,
        env=env,
    )


def stop(
    process: subprocess.Popen[bytes], sign: signal.Signals, *, patience: float
) -> int:
    """Ask, wait, then kill the whole session. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            kill_session(process)
    kill_session(process)
    return process.wait()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child's session, grandchildren included."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def require_space(path: Path, *, megabytes: int) -> None:
    free = shutil.disk_usage(path).free // 2**20
    if free < megabytes:
        raise ServerFailed(
            f"The disk of {path} has {free} MB left, {megabytes} MB are needed. "
            f"Free some space, or set RECADO_VAR_DIR to another disk."
        )


def tail(log: Path, *, lines: int = 12) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def wait_until_gone(pid: int, *, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
