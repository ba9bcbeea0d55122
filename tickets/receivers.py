"""What rooms below tell: a member works on tickets no more, a merge of leads is taken back."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.signals import member_stops_answering
from tickets.services import parting, releasing
from whatsapp.models import LeadMerge
from whatsapp.signals import leads_parted


@receiver(member_stops_answering, dispatch_uid="tickets.release")
def release(workspace: Workspace, user: User, **_kwargs: Any) -> int:
    """The sender counts conversations, of which there are none here."""
    releasing.release(workspace, user, now=timezone.now())
    return 0


@receiver(leads_parted, dispatch_uid="tickets.part")
def part(merge: LeadMerge, now: datetime, **_kwargs: Any) -> None:
    parting.part(merge, now=now)
