"""Telling open pages, and systems that listen for a client, that tickets have changed."""

from collections.abc import Collection

from accounts import broadcast, bulk
from accounts.broadcast import Kind

_KEYS = """
SELECT workspace.key, ticket.key, client.oauth_id
  FROM tickets_ticket ticket
  JOIN accounts_workspace workspace ON workspace.id = ticket.workspace_id
  LEFT JOIN tickets_client client
    ON client.id = ticket.client_id AND client.workspace_id = ticket.workspace_id
 WHERE ticket.workspace_id = %(workspace)s AND ticket.id = ANY(%(ids)s)
"""


def tickets(workspace_id: int, ticket_ids: Collection[int], *, is_public: bool) -> None:
    """In the transaction that changes them; `is_public`: their clients see it, too."""
    if not ticket_ids:
        return
    rows = bulk.run(_KEYS, {"workspace": workspace_id, "ids": sorted(set(ticket_ids))})
    keys = [key for _, key, _ in rows]
    topic = broadcast.workspace_topic(rows[0][0]) if rows else ""
    broadcast.tell(topic, Kind.TICKET, keys)
    if not is_public:
        return
    broadcast.tell(topic, Kind.PUBLIC_TICKET, keys)
    for _, key, oauth_id in rows:
        if oauth_id:
            broadcast.tell(broadcast.client_topic(oauth_id), Kind.PUBLIC_TICKET, [key])
