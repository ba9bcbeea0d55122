"""What room 0 tells: a member goes, or may work on tickets no more."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.signals import member_stops_answering
from tickets.services import releasing


@receiver(member_stops_answering, dispatch_uid="tickets.release")
def release(workspace: Workspace, user: User, **_kwargs: Any) -> int:
    """The sender counts conversations, of which there are none here."""
    releasing.release(workspace, user, now=timezone.now())
    return 0
