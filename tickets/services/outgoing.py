"""What happens here, written down for the systems that asked to hear of it.

A row for each event and subscription, in the transaction of what happened: what is rolled
back is never told, and what is committed is told although the hint were lost. The body is
made now, so that it tells how the ticket stood then. `delivering` posts it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from accounts.keys import new_key
from accounts.models import User, Workspace
from tickets import event_kinds, queue
from tickets.models import EventDelivery, EventKind, Subscription, Ticket, TicketEvent

# Of these both values are told; of the others the fact, and the ticket as it is now.
_TOLD: Final = ("status", "priority", "title", "external_url")


def tell(event: TicketEvent) -> None:
    """An entry of a ticket's history. Inside the workspace, in the entry's transaction."""
    tell_all(event.workspace_id, [event.pk])


def tell_all(workspace_id: int, entry_ids: Iterable[int]) -> None:
    """As `tell`, for many; costs one query where nobody subscribes."""
    ids = list(entry_ids)
    if not ids:
        return
    subscriptions = active(workspace_id)
    if not subscriptions:
        return
    entries = (
        TicketEvent.objects.for_workspace(workspace_id)
        .filter(pk__in=ids)
        .select_related("workspace", "actor", "ticket__client", "ticket__assignee")
        .order_by("pk")
    )
    rows = [
        row for entry in entries for row in _rows_of(entry, subscriptions, _told(entry))
    ]
    write(rows)


def tell_test(subscription: Subscription, *, now: datetime) -> EventDelivery:
    """An event that means nothing, so that the way can be tried."""
    workspace: Workspace = subscription.workspace
    told = envelope(
        new_key(),
        event_kinds.TEST,
        workspace,
        now,
        {"subscription": {"id": str(subscription.key), "name": subscription.name}},
    )
    row = row_of(subscription, told, now=now)
    write([row])
    return row


def event_id(key: uuid.UUID) -> str:
    return f"evt_{key.hex}"


def active(workspace_id: int) -> list[Subscription]:
    """Those that are on, with what says which events are for them."""
    rows = Subscription.objects.for_workspace(workspace_id).filter(is_active=True)
    return list(rows.only("pk", "kinds", "with_private", "workspace_id"))


def _rows_of(
    entry: TicketEvent, subscriptions: Sequence[Subscription], told: Mapping[str, Any]
) -> list[EventDelivery]:
    is_private = entry.kind == EventKind.COMMENTED and not entry.is_public
    return [
        row_of(one, told, now=entry.created_at, ticket_id=entry.ticket_id)
        for one in subscriptions
        if told["type"] in one.kinds and (one.with_private or not is_private)
    ]


def row_of(
    subscription: Subscription,
    told: Mapping[str, Any],
    *,
    now: datetime,
    ticket_id: int | None = None,
) -> EventDelivery:
    return EventDelivery(
        workspace_id=subscription.workspace_id,
        subscription=subscription,
        ticket_id=ticket_id,
        event_id=told["id"],
        kind=told["type"],
        body=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
        next_at=now,
        since=now,
        created_at=now,
    )


def write(rows: Sequence[EventDelivery]) -> None:
    """To be posted once the transaction is committed."""
    if rows:
        EventDelivery.objects.bulk_create(rows)
        queue.deliver_after_commit()


# --- what is told -------------------------------------------------------------------
def envelope(
    key: uuid.UUID,
    kind: str,
    workspace: Workspace,
    at: datetime,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "id": event_id(key),
        "type": kind,
        "timestamp": _moment(at),
        "workspace": workspace.slug,
        "data": dict(data),
    }


def _told(entry: TicketEvent) -> dict[str, Any]:
    ticket: Ticket = entry.ticket
    kind = event_kinds.PREFIX + entry.kind
    data = {"ticket": _ticket(ticket, entry.workspace), "event": _entry(entry)}
    return envelope(entry.key, kind, entry.workspace, entry.created_at, data)


def _ticket(ticket: Ticket, workspace: Workspace) -> dict[str, Any]:
    """`version` goes up with each change, so that what comes late can be told apart."""
    path = reverse(
        "tickets:ticket-detail",
        kwargs={"workspace_slug": workspace.slug, "key": ticket.key},
    )
    client = ticket.client
    return {
        "id": str(ticket.key),
        "number": ticket.ticket_number,
        "version": ticket.version,
        "title": ticket.title,
        "description": ticket.description,
        "status": str(ticket.status),
        "priority": str(ticket.priority),
        "client": {
            "id": str(client.key),
            "oauth_id": client.oauth_id,
            "name": client.name,
        }
        if client
        else None,
        "assignee": _person(ticket.assignee),
        "external_id": ticket.external_id,
        "external_url": ticket.external_url or None,
        "url": f"{settings.PUBLIC_URL}{path}",
        "created_at": _moment(ticket.created_at),
        "updated_at": _moment(ticket.updated_at),
        "resolved_at": _moment(ticket.resolved_at),
        "closed_at": _moment(ticket.closed_at),
    }


def _entry(entry: TicketEvent) -> dict[str, Any]:
    """`told_by` is the other system's own name of the event it came from, without its
    source's key: whoever told us knows its echo by it."""
    told_by = (entry.external_id or "").partition(":")[2].partition("#")[0]
    return {
        "source": str(entry.source),
        "actor": _person(entry.actor),
        "is_public": entry.is_public,
        "text": entry.text,
        "changed": [name.removesuffix("_id") for name in entry.details],
        "changes": {
            name: entry.details[name] for name in _TOLD if name in entry.details
        },
        "told_by": told_by or None,
    }


def _person(user: User | None) -> dict[str, str] | None:
    return {"name": user.name, "email": user.email} if user else None


def _moment(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
