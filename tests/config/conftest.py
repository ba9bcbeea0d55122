"""Where tests start servers of their own, as whoever they run."""

import tempfile
from pathlib import Path

import pytest

from config.embedded import launch


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
