"""Once a night: what was told and heard long ago."""

from datetime import datetime, timedelta
from typing import Final

from accounts import bulk
from accounts.models import Workspace
from accounts.scoping import workspace_transaction

# Longer than any sender repeats itself: by these rows an event is known to be told.
INCOMING_DAYS: Final = 90
BATCH: Final = 5000
_DELIVERIES: Final = """
WITH old AS (
    SELECT id FROM tickets_eventdelivery
     WHERE workspace_id = %(workspace)s AND created_at < %(before)s AND state <> 'due'
     ORDER BY created_at LIMIT %(most)s
), attempts AS (
    DELETE FROM tickets_deliveryattempt
     WHERE workspace_id = %(workspace)s AND delivery_id IN (SELECT id FROM old)
)
DELETE FROM tickets_eventdelivery
 WHERE workspace_id = %(workspace)s AND id IN (SELECT id FROM old)
RETURNING id
"""
_INCOMING: Final = """
DELETE FROM tickets_incomingevent WHERE workspace_id = %(workspace)s AND id IN (
    SELECT id FROM tickets_incomingevent
     WHERE workspace_id = %(workspace)s AND received_at < %(before)s LIMIT %(most)s)
RETURNING id
"""


def prune(workspace: Workspace, *, now: datetime) -> int:
    """Posted events go with the log of provider calls; how many rows went."""
    posted = now - timedelta(days=workspace.channel_log_days)
    told = now - timedelta(days=INCOMING_DAYS)
    return _prune(workspace, _DELIVERIES, posted) + _prune(workspace, _INCOMING, told)


def _prune(workspace: Workspace, statement: str, before: datetime) -> int:
    gone, found = 0, BATCH
    while found == BATCH:
        with workspace_transaction(workspace.pk):
            found = len(
                bulk.run(
                    statement,
                    {"workspace": workspace.pk, "before": before, "most": BATCH},
                )
            )
        gone += found
    return gone
