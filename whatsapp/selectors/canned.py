"""Canned replies, for the list that `/` opens and for the page that keeps them."""

import uuid

from accounts.models import User, Workspace
from accounts.scoping import ScopedQuerySet
from whatsapp import gaps
from whatsapp.models import CannedReply, Conversation


def list_canned(workspace: Workspace) -> ScopedQuerySet[CannedReply]:
    rows: ScopedQuerySet[CannedReply] = CannedReply.objects.for_workspace(
        workspace
    ).order_by("name", "pk")
    return rows


def find_canned(workspace: Workspace, *, key: uuid.UUID) -> CannedReply | None:
    found: CannedReply | None = (
        CannedReply.objects.for_workspace(workspace).filter(key=key).first()
    )
    return found


def filled_for(canned: CannedReply, conversation: Conversation, *, by: User) -> str:
    """The text as this person gets it."""
    values = gaps.values_for(
        person=conversation.lead.name,
        business=conversation.workspace.name,
        me=by.name,
    )
    return gaps.fill(canned.text, values)
