"""Rows of room 3 as other systems read them: the shapes of `api_shapes`, filled. Pure."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import Workspace
from tickets import notification_words
from tickets.models import (
    Client,
    Notification,
    NotificationPath,
    Ticket,
    TicketEvent,
)
from tickets.selectors.clients import lead_of
from whatsapp.api_told import member, moment

Told = dict[str, Any]


def client(row: Client, *, of: Workspace) -> Told:
    """The row's lead, and what it was merged into, were read with it."""
    lead = lead_of(row)
    return {
        "id": str(row.key),
        "oauth_id": row.oauth_id,
        "name": row.name,
        "phone": row.phone or None,
        "email": row.email or None,
        "language": row.language or None,
        "lead": str(lead.key) if lead else None,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "url": _page("tickets:client-detail", of, row.key),
    }


def ticket(row: Ticket, *, of: Workspace) -> Told:
    whose = row.client
    return {
        "id": str(row.key),
        "number": row.ticket_number,
        "title": row.title,
        "description": row.description,
        "status": row.status,
        "priority": row.priority,
        "client": {
            "id": str(whose.key),
            "oauth_id": whose.oauth_id,
            "name": whose.name,
        }
        if whose
        else None,
        "assignee": member(row.assignee),
        "conversation": str(row.conversation.key) if row.conversation else None,
        "external_id": row.external_id,
        "external_url": row.external_url or None,
        "version": row.version,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "status_at": moment(row.status_at),
        "first_response_at": moment(row.first_response_at),
        "resolved_at": moment(row.resolved_at),
        "closed_at": moment(row.closed_at),
        "url": _page("tickets:ticket-detail", of, row.key),
    }


def comment(row: TicketEvent) -> Told:
    return {
        "id": str(row.key),
        "kind": row.kind,
        "source": row.source,
        "text": row.text,
        "is_public": row.is_public,
        "author": member(row.actor),
        "created_at": moment(row.created_at),
    }


def notification(row: Notification) -> Told:
    """Its message and the promise of it were read with it."""
    entry = getattr(row.message, "outbox_entry", None)
    went_out = row.path not in (NotificationPath.NOBODY, NotificationPath.SKIPPED)
    detail = notification_words.reason(row.reason, went_out=went_out)
    return {
        "id": str(row.key),
        "event": row.event,
        "audience": row.audience,
        "client": row.recipient.oauth_id if row.recipient else None,
        "member": member(row.member),
        "path": row.path,
        "reason": row.reason or None,
        "detail": detail or None,
        "message": str(entry.key) if entry else None,
        "due_at": moment(row.due_at),
    }


def _page(name: str, workspace: Workspace, key: object) -> str:
    kwargs = {"workspace_slug": workspace.slug, "key": key}
    return f"{settings.PUBLIC_URL}{reverse(name, kwargs=kwargs)}"
