"""Celery's edge of room 0."""

from celery import shared_task
from django.utils import timezone

from accounts.sso import upkeep


@shared_task(name="accounts.clear_sessions", soft_time_limit=1200, time_limit=1260)
def clear_sessions(**kwargs: object) -> None:
    """Once an hour: end sessions over their limits, delete what expired."""
    upkeep.run(now=timezone.now())
