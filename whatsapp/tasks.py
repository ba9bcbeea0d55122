"""Celery's edge of room 2."""

import logging
from zoneinfo import ZoneInfo

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from accounts.models import Workspace
from whatsapp import queue
from whatsapp.services import (
    file_store,
    link_checks,
    media_fetching,
    outbox_claims,
    receipts,
    sending,
    silence,
    template_sync,
    unconfirmed,
)

DRAIN_SECONDS = 20.0

logger = logging.getLogger(__name__)


@shared_task(name="whatsapp.check_silence", soft_time_limit=1500, time_limit=1600)
def check_silence(**kwargs: object) -> None:
    """Once an hour: which numbers are quiet when they never are."""
    now = timezone.now()
    for workspace in Workspace.objects.order_by("pk"):
        try:
            silence.check(workspace.pk, zone=ZoneInfo(workspace.time_zone), now=now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # One workspace that cannot be judged is no reason not to judge the others.
            ids = {"workspace_id": workspace.pk}
            logger.exception("silence not judged", extra=ids)


@shared_task(name="whatsapp.check_links", soft_time_limit=280, time_limit=300)
def check_links(**kwargs: object) -> None:
    """Every few minutes: check the links whose last check is a day old, or asked for."""
    link_checks.run()


@shared_task(name=queue.SYNC_TEMPLATES, soft_time_limit=290, time_limit=310)
def sync_templates(**kwargs: object) -> None:
    """Every few minutes: read the lists of templates that are an hour old, or wanted."""
    template_sync.run()


@shared_task(name=queue.DRAIN_OUTBOX)
def drain_outbox(**kwargs: object) -> None:
    """Send what is due; ask for another turn when time ran out before the messages did."""
    tally = sending.drain(budget_seconds=DRAIN_SECONDS)
    if not tally.is_fenced and outbox_claims.has_due():
        queue.wake()


@shared_task(name=queue.SHOW_READ, soft_time_limit=30, time_limit=40)
def show_read(workspace_id: int, conversation_id: int, **kwargs: object) -> None:
    """A person of the team has read it: the one who wrote may see that."""
    receipts.show_read(workspace_id, conversation_id)


@shared_task(name=queue.SHOW_TYPING, soft_time_limit=30, time_limit=40)
def show_typing(workspace_id: int, conversation_id: int, **kwargs: object) -> None:
    receipts.show_typing(workspace_id, conversation_id)


@shared_task(name="whatsapp.sweep_outbox")
def sweep_outbox(**kwargs: object) -> None:
    """What lost hints and dead workers leave behind, and sends nobody heard the end of."""
    outbox_claims.end_leases()
    unconfirmed.look_up(now=timezone.now())
    if outbox_claims.has_due():
        queue.wake()


# A file that was begun in time may take its own time.
@shared_task(name=queue.FETCH_MEDIA, soft_time_limit=340, time_limit=370)
def fetch_media(**kwargs: object) -> None:
    """Fetch files that are due, and remove those that lost their rows.

    The beat asks for it every few seconds too: that is what lost hints and dead workers
    leave behind.
    """
    media_fetching.drain(budget_seconds=DRAIN_SECONDS)
    file_store.sweep(now=timezone.now())
    if media_fetching.has_due():
        queue.fetch()
