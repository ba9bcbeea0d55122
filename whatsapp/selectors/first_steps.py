"""The first things that a workspace does, and which of them it has done."""

from dataclasses import dataclass

from django.db import connection

from accounts.models import Workspace

_STEPS = """
SELECT EXISTS (SELECT FROM integrations_channel
                WHERE workspace_id = %(workspace)s AND is_active),
       EXISTS (SELECT FROM whatsapp_conversation
                WHERE workspace_id = %(workspace)s AND message_count > 0),
       EXISTS (SELECT FROM whatsapp_trackedlink WHERE workspace_id = %(workspace)s),
       EXISTS (SELECT FROM whatsapp_touch
                WHERE workspace_id = %(workspace)s AND link_id IS NOT NULL),
       (SELECT count(*) > 1 FROM accounts_membership WHERE workspace_id = %(workspace)s)
"""
_NAMES = ("number", "message", "link", "click", "member")


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is worded in the template."""

    name: str
    is_done: bool


def list_steps(workspace: Workspace) -> tuple[Step, ...]:
    """Each with whether it is done; nothing once all of them are."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"workspace": workspace.pk})
        done = cursor.fetchone()
    if all(done):
        return ()
    return tuple(
        Step(name, is_done) for name, is_done in zip(_NAMES, done, strict=True)
    )
