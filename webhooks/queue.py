"""Hints that there is work. They carry no data and may be lost: the sweep finds the rows."""

import logging
import threading
import time

from celery import current_app

logger = logging.getLogger(__name__)

DRAIN_INBOX = "webhooks.drain_inbox"
# One hint wakes a worker that drains until nothing is due, so more of them only cost.
LEAST_PAUSE_SECONDS = 0.05


class Hinter:
    """Sends hints from a thread of its own: no request ever waits for Redis."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def hint(self) -> None:
        """Ask for a drain; returns at once."""
        self._wanted.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                send_hint()
            except Exception as error:  # noqa: BLE001  # whatever Redis does, receiving goes on
                logger.warning("hint not sent", extra={"error": type(error).__name__})
                time.sleep(1)
            time.sleep(LEAST_PAUSE_SECONDS)


def send_hint() -> None:
    current_app.send_task(DRAIN_INBOX, expires=30, retry=False, ignore_result=True)


def wake() -> None:
    """Ask for a drain outside the hot path; without Redis the sweep finds the rows."""
    try:
        send_hint()
    except Exception as error:  # noqa: BLE001  # whatever Redis does, what was asked for is done
        logger.warning("hint not sent", extra={"error": type(error).__name__})
