"""Hints that there is somebody to be told. Lost ones cost until the next sweep."""

import logging

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

TELL = "tickets.tell"


def wake_after_commit() -> None:
    """Ask for a drain of e-mails once their rows can be seen."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    try:
        current_app.send_task(TELL, expires=30, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever Redis does, the rows rest safely
        logger.warning("hint not sent", extra={"error": type(error).__name__})
