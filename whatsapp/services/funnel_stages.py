"""Which stages of a lead count as won: the workspace's choice, for links and the report."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from whatsapp.models import FunnelStages


def choose(
    workspace: Workspace,
    *,
    won: Sequence[str],
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> None:
    """From now on these count, and no others; none is a choice as well."""
    wanted = sorted(set(won))
    with transaction.atomic():
        rows = FunnelStages.objects.for_workspace(workspace)
        row, is_new = rows.get_or_create(workspace=workspace, defaults={"won": wanted})
        if not is_new and row.won == wanted:
            return
        row.won = wanted
        row.save(update_fields=["won"])
        audit.record(
            workspace=workspace,
            action="link.won_stages_chosen",
            actor=actor,
            details={"stages": ", ".join(wanted)},
            ip=ip,
            now=now,
        )
