"""Celery's edge of room 3."""

from celery import shared_task
from django.utils import timezone

from tickets import queue
from tickets.services import holding, mailing

TELL_SECONDS = 20.0


@shared_task(name=queue.TELL)
def tell(**kwargs: object) -> None:
    """Every few seconds, and when there is a hint: tell what waited, send e-mails.

    Messages are the outbox's; what lost hints and dead workers leave behind is found here.
    """
    holding.release_due(now=timezone.now())
    mailing.drain(budget_seconds=TELL_SECONDS)
    if mailing.has_due():
        queue.wake()
