"""What Recado itself keeps in memory: the real `manage.py up`, idle."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from config.embedded import files, launch
from tests.bench.house import House, HouseFailed, free_port
from tests.bench.report import Bound, Row

MOST_MEGABYTES = 600
IDLE_SECONDS = 20.0
PATIENCE = 120.0
SERVERS = {"postgres", "valkey-server"}


def memory(house: House) -> list[Row]:
    row = Row("memory", None, "MB", target=MOST_MEGABYTES, bound=Bound.VALUE_AT_MOST)
    if not Path("/proc/self/smaps_rollup").exists():
        return [_with(row, None, "needs Linux's /proc")]
    var = house.home / "up"
    output = house.log / "up.log"
    with output.open("wb") as log:
        process = launch.spawn(
            [
                *launch.dies_with_us("TERM"),
                *(sys.executable, "manage.py", "up", "--port", str(free_port())),
            ],
            log=log,
            cwd=files.BASE_DIR,
            env=_environment(house, var),
        )
    try:
        _wait_until_idle(process, output)
        time.sleep(2.0 if house.is_quick else IDLE_SECONDS)
        sizes = _sizes(process.pid)
    finally:
        launch.stop(process, signal.SIGTERM, patience=30)
        # It lies outside of `var` where that has a long name.
        shutil.rmtree(launch.socket_directory(var), ignore_errors=True)
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items()))
    return [_with(row, sum(sizes.values()), parts)]


def _with(row: Row, value: float | None, note: str) -> Row:
    return Row(row.name, value, row.unit, target=row.target, bound=row.bound, note=note)


def _environment(house: House, var: Path) -> dict[str, str]:
    """As a newcomer's: servers and keys of its own, except where the bench was given some."""
    left_out = {"PUBLIC_URL", "REDIS_URL", "SECRET_KEY", "INTEGRATIONS_KEY"}
    if house.database_url:
        house.ready()
    else:
        left_out |= {"DATABASE_URL", "DATABASE_OWNER_URL"}
    kept = {name: value for name, value in house.env.items() if name not in left_out}
    return {**kept, "RECADO_VAR_DIR": str(var), "CENTRAL_PORT": str(free_port())}


def _wait_until_idle(process: "subprocess.Popen[bytes]", output: Path) -> None:
    """`ready`, and what comes after it: the demo of an empty database."""
    deadline = time.monotonic() + PATIENCE
    while "Ctrl-C stops everything" not in output.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise HouseFailed(f"manage.py up did not start:\n{launch.tail(output)}")
        time.sleep(0.2)


def _sizes(supervisor: int) -> dict[str, float]:
    """Megabytes of each child with its own children, PostgreSQL and Valkey left out."""
    children = _children()
    sizes = {"supervisor": megabytes(supervisor)}
    for child in children.get(supervisor, []):
        if _program(child) not in SERVERS:
            sizes[_name(child)] = of_family(child)
    return sizes


def of_family(pid: int) -> float:
    """Megabytes of a process and of everything it has started."""
    children = _children()
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return sum(map(megabytes, family))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue  # it has just ended
            found.setdefault(int(parent), []).append(int(entry.name))
    return found


def _program(pid: int) -> str:
    """By its file: servers write what they please over their command line."""
    return (Path("/proc") / str(pid) / "exe").readlink().name


def _name(pid: int) -> str:
    mark = b"RECADO_PROCESS="
    for entry in _read(pid, "environ").split(b"\0"):
        if entry.startswith(mark):
            return entry[len(mark) :].decode()
    return _program(pid)


def megabytes(pid: int) -> float:
    for line in _read(pid, "smaps_rollup").decode().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _read(pid: int, file: str) -> bytes:
    return (Path("/proc") / str(pid) / file).read_bytes()
