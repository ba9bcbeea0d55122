"""Celery's edge of room 1."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Workspace
from integrations.services import channel_logs, monitor, outage_mail


@shared_task(
    name="integrations.prune_channel_logs", soft_time_limit=3000, time_limit=3300
)
def prune_channel_logs(**kwargs: object) -> None:
    """Once a night: delete log rows that their workspace kept long enough."""
    now = timezone.now()
    for workspace in Workspace.objects.order_by("pk"):
        channel_logs.prune(workspace, now=now)


@shared_task(name="integrations.check_sessions", soft_time_limit=75, time_limit=85)
def check_sessions(**kwargs: object) -> None:
    """Every minute: ask providers about the sessions that are due, tell of outages."""
    monitor.run()
    outage_mail.send_due()
