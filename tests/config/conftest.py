"""Where tests start servers of their own, as whoever they run."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import launch, postgres


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that servers may enter, though pytest's own are closed to others."""
    return let_servers_enter(tmp_path)


def let_servers_enter(directory: Path) -> Path:
    if launch.becomes_nobody():
        temporary = Path(tempfile.gettempdir())
        for one in (directory, *directory.parents):
            if one != temporary and one.is_relative_to(temporary):
                one.chmod(0o711)
    return directory


@pytest.fixture
def home(place: Path) -> Path:
    """A place with a space and a comma in its path, too long for a socket."""
    odd = place / "a place, with spaces" / ("x" * 60)
    odd.mkdir(parents=True)
    return odd


@pytest.fixture
def start_postgres(home: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running = []

    def start(*, throw_away: bool = True) -> subprocess.Popen[bytes]:
        server = postgres.start(
            data=home / "postgres",
            sockets=launch.socket_directory(home),
            log=home / "log" / "postgres.log",
            throw_away=throw_away,
        )
        running.append(server)
        return server

    yield start
    for server in running:
        postgres.stop(server)
