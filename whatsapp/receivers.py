"""What room 0 tells: a member goes, or may answer no more."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User, Workspace
from accounts.signals import holdings_asked, member_stops_answering
from whatsapp.services import handling


@receiver(holdings_asked, dispatch_uid="whatsapp.holdings")
def count_held(workspace: Workspace, user: User, **_kwargs: Any) -> int:
    return handling.count_held(workspace, user)


@receiver(member_stops_answering, dispatch_uid="whatsapp.release")
def release(workspace: Workspace, user: User, **_kwargs: Any) -> int:
    return handling.release(workspace, user)
