"""Celery's edge: hints in, a drain. Tasks carry no data; the rows say what is due."""

from celery import shared_task

from webhooks import inbox, processing, queue

DRAIN_SECONDS = 20.0


@shared_task(name=queue.DRAIN_INBOX)
def drain_inbox(**kwargs: object) -> None:
    """Process due rows; ask for another turn when time ran out before they did."""
    processing.drain(budget_seconds=DRAIN_SECONDS)
    if inbox.has_due():
        queue.send_hint()


@shared_task(name="webhooks.sweep_inbox")
def sweep_inbox(**kwargs: object) -> None:
    """What a lost hint would leave behind: park the killers, wake a drain for the rest."""
    inbox.park_silent()
    if inbox.has_due():
        queue.send_hint()
