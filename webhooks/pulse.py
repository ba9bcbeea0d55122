"""How far behind a workspace's inbox is, and what waits there for a person.

Room `webhooks`, for the home page; reads only, by the two small partial indexes.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Workspace
from accounts.scoping import NOBODY, workspace_transaction

_PULSE = """
SELECT (SELECT min(received_at) FROM webhooks_rawwebhook
         WHERE state IN ('received', 'leased') AND COALESCE(workspace_id, 0) = %(workspace)s),
       count(*) FILTER (WHERE state = 'parked'),
       count(*) FILTER (WHERE state = 'unrouted')
  FROM webhooks_rawwebhook
 WHERE state IN ('parked', 'unrouted') AND workspace_id = %(workspace)s
"""


# Rows of no workspace, for the platform's admins.
_NOBODYS = """
SELECT count(*) FROM webhooks_rawwebhook
 WHERE state IN ('parked', 'unrouted') AND workspace_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`oldest_at` is when the oldest event still to be processed came in, if there is one."""

    oldest_at: datetime | None
    parked: int
    unrouted: int


def read(workspace: Workspace) -> Pulse:
    with connection.cursor() as cursor:
        cursor.execute(_PULSE, {"workspace": workspace.pk})
        return Pulse(*cursor.fetchone())


def count_nobodys() -> int:
    """Requests that belong to no workspace and wait for somebody."""
    with workspace_transaction(NOBODY), connection.cursor() as cursor:
        cursor.execute(_NOBODYS)
        return int(cursor.fetchone()[0])
