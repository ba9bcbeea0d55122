"""What an operator's command on the inbox told, and what of it was audited."""

import json
from typing import Any

from accounts.models import AuditEvent, Workspace
from tests.commands import run


def answer(*arguments: str) -> Any:
    ran = run(*arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def audited(workspace: Workspace, action: str) -> list[tuple[str, Any]]:
    events = AuditEvent.objects.for_workspace(workspace).filter(action=action)
    return [(event.actor_label, event.details) for event in events.order_by("sequence")]
