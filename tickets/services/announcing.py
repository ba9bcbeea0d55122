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
    values = {"workspace": workspace_id, "ids": sorted(set(ticket_ids))}
    for workspace_key, key, oauth_id in bulk.run(_KEYS, values):
        topic = broadcast.workspace_topic(workspace_key)
        broadcast.tell(topic, Kind.TICKET, [key])
        if not is_public:
            continue
        broadcast.tell(topic, Kind.PUBLIC_TICKET, [key])
        if oauth_id:
            broadcast.tell(broadcast.client_topic(oauth_id), Kind.PUBLIC_TICKET, [key])
