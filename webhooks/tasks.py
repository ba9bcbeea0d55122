"""Celery's edge: hints in, a drain. Tasks carry no data; the rows say what is due."""

from celery import shared_task

from webhooks import inbox, inbox_admin, lids, processing, queue
from webhooks.inbox_admin import Actor

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


@shared_task(name="webhooks.prune_inbox", soft_time_limit=3000, time_limit=3300)
def prune_inbox(**kwargs: object) -> None:
    """Once a night: delete finished rows that their workspace kept long enough."""
    for kept in inbox_admin.retentions():
        inbox_admin.prune(kept, all_states=False, by=Actor(label="schedule"))


@shared_task(name="webhooks.look_up_lids", soft_time_limit=75, time_limit=85)
def look_up_lids(**kwargs: object) -> None:
    """Every minute: ask providers whose phones the hidden ids stand for that are due."""
    lids.run()
