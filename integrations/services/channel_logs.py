"""The log of what was said to providers, which each workspace keeps for its own while."""

from datetime import datetime, timedelta

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations.models import ChannelLog

BATCH = 5000


def prune(workspace: Workspace, *, now: datetime) -> int:
    """Delete rows kept long enough, a batch at a time. Returns how many."""
    before = now - timedelta(days=workspace.channel_log_days)
    total = 0
    while True:
        with workspace_transaction(workspace.pk):
            logs = ChannelLog.objects.for_workspace(workspace)
            expired = logs.filter(created_at__lt=before).order_by("created_at")
            batch = list(expired.values_list("pk", flat=True)[:BATCH])
            logs.filter(pk__in=batch).delete()
        total += len(batch)
        if len(batch) < BATCH:
            return total
