"""Celery's edge of room 3."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from tickets import queue
from tickets.services import delivering, event_upkeep, holding, mailing

TELL_SECONDS = 20.0
DELIVER_SECONDS = 20.0


@shared_task(name=queue.TELL)
def tell(**kwargs: object) -> None:
    """Every few seconds, and when there is a hint: tell what waited, send e-mails.

    Messages are the outbox's; what lost hints and dead workers leave behind is found here.
    """
    holding.release_due(now=timezone.now())
    mailing.drain(budget_seconds=TELL_SECONDS)
    if mailing.has_due():
        queue.wake()


@shared_task(name=queue.DELIVER_EVENTS)
def deliver_events(**kwargs: object) -> None:
    """Post what is due; ask for another turn when time ran out before the events did.

    The beat asks for it every few seconds too: that is what lost hints and dead workers
    leave behind.
    """
    if not delivering.has_due():
        return
    delivering.drain(budget_seconds=DELIVER_SECONDS)
    if delivering.has_due():
        queue.deliver()


@shared_task(name="tickets.prune_events", soft_time_limit=3000, time_limit=3300)
def prune_events(**kwargs: object) -> None:
    """Once a night: delete what was told and heard long ago."""
    now = timezone.now()
    for workspace in Workspace.objects.order_by("pk"):
        event_upkeep.prune(workspace, now=now)
