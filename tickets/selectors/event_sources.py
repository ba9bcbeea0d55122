"""Systems that tell us of tickets: whose an address is, and what pages show of them."""

import uuid
from collections.abc import Sequence

from accounts import bulk, paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import workspace_transaction
from tickets.models import Client, IncomingEvent, IncomingSource

PAGE_SIZE = 50


class Ambiguous(Exception):
    """No source was named, and there are several."""


def find_by_key(key: uuid.UUID | None) -> IncomingSource | None:
    """Across workspaces; without a key the only one there is. Raises Ambiguous."""
    rows = bulk.run(
        "SELECT source_id, source_workspace_id FROM tickets_event_source(%s::uuid)",
        [key],
    )
    if len(rows) > 1:
        raise Ambiguous
    if not rows:
        return None
    ((source_id, workspace_id),) = rows
    with workspace_transaction(workspace_id):
        sources = IncomingSource.objects.for_workspace(workspace_id)
        found: IncomingSource | None = (
            sources.select_related("workspace").filter(pk=source_id).first()
        )
    return found


def list_sources(workspace: Workspace) -> Sequence[IncomingSource]:
    rows = IncomingSource.objects.for_workspace(workspace)
    return list(rows.select_related("created_by").order_by("name", "pk"))


def find_source(workspace: Workspace, *, key: uuid.UUID) -> IncomingSource | None:
    rows = IncomingSource.objects.for_workspace(workspace)
    found: IncomingSource | None = (
        rows.select_related("workspace", "created_by").filter(key=key).first()
    )
    return found


def list_events(
    source: IncomingSource, *, before: str = "", size: int = PAGE_SIZE
) -> Page[IncomingEvent]:
    """What it told, the newest first."""
    rows = IncomingEvent.objects.for_workspace(source.workspace_id).filter(
        source=source
    )
    position = paging.read(before)
    if position is not None and position.key is not None:
        last = rows.filter(key=position.key).values_list("pk", flat=True).first()
        rows = rows.filter(received_at__lte=position.at)
        if last is not None:
            rows = rows.exclude(received_at=position.at, pk__gte=last)
    found = tuple(
        rows.select_related("ticket").order_by("-received_at", "-pk")[: size + 1]
    )
    if len(found) <= size:
        return Page(found, None)
    end = found[size - 1]
    return Page(found[:size], paging.write(end.received_at, end.key))


def sample_client(workspace: Workspace) -> Client | None:
    """Somebody whom an example can be about."""
    rows = Client.objects.for_workspace(workspace).exclude(oauth_id=None)
    found: Client | None = rows.only("oauth_id", "name").order_by("-pk").first()
    return found
