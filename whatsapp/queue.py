"""Hints that there is work for the worker. Lost ones cost until the next sweep.

What is shown to people while they wait (that we read, that we write) has no sweep: a lost
hint costs them that, and comes too late after seconds anyway.
"""

import logging
from collections.abc import Mapping
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

CHECK_LINKS = "whatsapp.check_links"
DRAIN_OUTBOX = "whatsapp.drain_outbox"
FETCH_MEDIA = "whatsapp.fetch_media"
SYNC_TEMPLATES = "whatsapp.sync_templates"
SHOW_READ = "whatsapp.show_read"
SHOW_TYPING = "whatsapp.show_typing"


def hint_link_checks() -> None:
    send(CHECK_LINKS)


def hint_template_sync() -> None:
    send(SYNC_TEMPLATES)


def wake_after_commit() -> None:
    """Ask for a drain once what was enqueued can be seen."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Ask for a drain; without Redis the sweep finds the rows."""
    send(DRAIN_OUTBOX)


def fetch_after_commit() -> None:
    """Ask for files to be fetched once their rows can be seen."""
    transaction.on_commit(fetch, robust=True)


def fetch() -> None:
    send(FETCH_MEDIA)


def show_read_after_commit(workspace_id: int, conversation_id: int) -> None:
    """Let the person see that we read what they wrote."""
    _after_commit(SHOW_READ, workspace_id, conversation_id, expires=300)


def show_typing_after_commit(workspace_id: int, conversation_id: int) -> None:
    """Let the person see that somebody writes; in vain when it comes late."""
    _after_commit(SHOW_TYPING, workspace_id, conversation_id, expires=10)


def _after_commit(
    task: str, workspace_id: int, conversation_id: int, *, expires: int
) -> None:
    ids = {"workspace_id": workspace_id, "conversation_id": conversation_id}
    transaction.on_commit(partial(send, task, ids, expires=expires), robust=True)


def send(task: str, ids: Mapping[str, int] | None = None, *, expires: int = 30) -> None:
    """A hint, for the rooms above too; nobody has to hear of it when Redis takes none."""
    try:
        current_app.send_task(
            task,
            kwargs=dict(ids or {}),
            expires=expires,
            retry=False,
            ignore_result=True,
        )
    except Exception as error:  # noqa: BLE001  # whatever Redis does, the rows rest safely
        logger.warning("hint not sent", extra={"error": type(error).__name__})
