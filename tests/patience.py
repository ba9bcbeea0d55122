"""How tests wait for what another thread or process does: never for ever."""

import time
from collections.abc import Callable

PATIENCE = 60.0


def eventually(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Look again and again; fails when it does not come true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {condition}"
        time.sleep(0.01)
