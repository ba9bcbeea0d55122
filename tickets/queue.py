"""Hints that there is work for the worker. Lost ones cost until the next sweep."""

import logging

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

TELL = "tickets.tell"
DELIVER_EVENTS = "tickets.deliver_events"


def wake_after_commit() -> None:
    """Ask for a drain of e-mails once their rows can be seen."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    _send(TELL)


def deliver_after_commit() -> None:
    """Ask for events to be posted once their rows can be seen."""
    transaction.on_commit(deliver, robust=True)


def deliver() -> None:
    """Ask at once; without Redis the sweep finds the rows."""
    _send(DELIVER_EVENTS)


def _send(name: str) -> None:
    try:
        current_app.send_task(name, expires=30, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever Redis does, the rows rest safely
        logger.warning("hint not sent", extra={"error": type(error).__name__})
