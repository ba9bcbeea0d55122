"""The machine that was measured, in words a reader can compare with their own."""

import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

_SYNCS = 200
_PAGE = b"\0" * 8192


def describe(*, disk: Path) -> dict[str, str]:
    """`disk` is a directory on the disk that PostgreSQL writes to."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "CPU": f"{_cpu()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "disk": f"{_filesystem(disk)}; one 8 kB write and fdatasync takes {sync_micros(disk):,.0f} µs",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }


def sync_micros(directory: Path) -> float:
    """The median of what PostgreSQL does at a commit: write a page and wait for the disk."""
    path = directory / "sync-probe"
    taken = []
    sync = getattr(os, "fdatasync", os.fsync)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, _PAGE * 64)
        os.fsync(descriptor)
        for number in range(_SYNCS):
            started = time.perf_counter()
            os.pwrite(descriptor, _PAGE, number % 64 * len(_PAGE))
            sync(descriptor)
            taken.append(time.perf_counter() - started)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(taken) * 1e6


def _cpu() -> str:
    return _line_of("/proc/cpuinfo", "model name") or platform.processor() or "unknown"


def _memory() -> str:
    kilobytes = _line_of("/proc/meminfo", "MemTotal").split(" ")[0]
    return f"{int(kilobytes) / 2**20:.1f} GB" if kilobytes else "unknown"


def _filesystem(directory: Path) -> str:
    """The file system of the longest mount point above `directory`."""
    best, kind = "", "unknown"
    mounts = Path("/proc/self/mounts")
    for line in mounts.read_text().splitlines() if mounts.exists() else []:
        _, mounted, what, *_ = line.split(" ")
        if directory.resolve().is_relative_to(mounted) and len(mounted) > len(best):
            best, kind = mounted, what
    return kind


def _line_of(file: str, name: str) -> str:
    path = Path(file)
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""
