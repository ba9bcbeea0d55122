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
    """Every minute: ask providers about the sessions that are due."""
    monitor.run()


@shared_task(name="integrations.send_outage_mails", soft_time_limit=100, time_limit=120)
def send_outage_mails(**kwargs: object) -> None:
    """Every minute: tell of outages, and of their ends."""
    outage_mail.send_due()
