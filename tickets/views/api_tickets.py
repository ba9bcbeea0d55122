"""`/api/tickets`: other systems read them, open and change them, and say something in them."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts import audit, emails
from accounts.api import answers, bearers, listing, repeats
from accounts.api.answers import Problem, unprocessable
from accounts.api.guards import ApiWorkspaceRequest, operation, resource
from accounts.api.repeats import Done
from accounts.http import client_ip
from accounts.models import Membership
from accounts.paging import Page
from tickets import api_operations as operations
from tickets import api_told
from tickets.models import Client, EventSource, Ticket
from tickets.selectors import exchange
from tickets.selectors.tickets import ALL, TicketFilter
from tickets.services import tickets
from tickets.services.tickets import By, Changes
from whatsapp.models import Conversation
from whatsapp.selectors import thread
from whatsapp.views.api_values import phone_of


@operation(operations.LIST_TICKETS)
def list_tickets(request: ApiWorkspaceRequest) -> HttpResponse:
    asked = request.asked
    position, size = listing.position_of(request), listing.size_of(request)
    whose = _client_asked(request)
    assignee = _member(request, asked["assignee"]) if "assignee" in asked else None
    is_nobodys = ("client" in asked and whose is None) or (
        "assignee" in asked and assignee is None
    )
    page: Page[Ticket] = Page((), None)
    if not is_nobodys:
        page = exchange.list_tickets(
            request.workspace,
            filters=TicketFilter(
                status=asked.get("status", ALL),
                text=asked.get("q", "").strip(),
                priority=asked.get("priority", ""),
                assignee=str(assignee) if assignee else "",
                client=whose.key if whose else None,
                since=asked.get("created_since"),
                before=asked.get("created_before"),
            ),
            phone=phone_of(request),
            external_id=asked.get("external_id", ""),
            updated_since=asked.get("updated_since"),
            before=position,
            size=size,
        )
    return listing.answer(
        request, page, lambda row: api_told.ticket(row, of=request.workspace)
    )


@operation(operations.GET_TICKET)
def get_ticket(request: ApiWorkspaceRequest, number: int) -> HttpResponse:
    return answers.answer(api_told.ticket(find(request, number), of=request.workspace))


@operation(operations.POST_TICKET)
def open_ticket(request: ApiWorkspaceRequest) -> HttpResponse:
    now = timezone.now()
    return repeats.once(request, lambda: _opened(request, now=now), now=now)


@operation(operations.PATCH_TICKET)
def change_ticket(request: ApiWorkspaceRequest, number: int) -> HttpResponse:
    ticket, now = find(request, number), timezone.now()
    told = dict(request.told)
    seen = told.pop("version", None)
    try:
        event = tickets.change(
            ticket, _changes(request, told), by=_by(request), now=now, seen=seen
        )
    except tickets.TicketStale as stale:
        raise Problem(
            409,
            "changed_meanwhile",
            f"Somebody was faster: its version is {stale.ticket.version} by now.",
            field="version",
        ) from None
    except tickets.NotAMember:
        raise _no_member() from None
    if event is not None:
        _note(request, "ticket.changed", ticket, now=now, fields=sorted(told))
    return answers.answer(api_told.ticket(find(request, number), of=request.workspace))


@operation(operations.LIST_COMMENTS)
def list_comments(request: ApiWorkspaceRequest, number: int) -> HttpResponse:
    page = exchange.list_comments(
        find(request, number),
        before=listing.position_of(request),
        size=listing.size_of(request),
    )
    return listing.answer(request, page, api_told.comment)


@operation(operations.POST_COMMENT)
def add_comment(request: ApiWorkspaceRequest, number: int) -> HttpResponse:
    ticket, now = find(request, number), timezone.now()
    return repeats.once(request, lambda: _commented(request, ticket, now=now), now=now)


list_or_open = resource(list_tickets, open_ticket)
one_ticket = resource(get_ticket, change_ticket)
comments = resource(list_comments, add_comment)


def find(request: ApiWorkspaceRequest, number: int) -> Ticket:
    ticket = exchange.find_ticket(request.workspace, number=number)
    if ticket is None:
        raise Problem(
            404,
            "unknown_ticket",
            "There is no ticket of this number.",
            named={"ticket_number": str(number)},
        )
    return ticket


def _opened(request: ApiWorkspaceRequest, *, now: datetime) -> Done:
    told = request.told
    known = None
    if "external_id" in told:
        rows = Ticket.objects.for_workspace(request.workspace)
        known = rows.filter(external_id=told["external_id"]).first()
    try:
        ticket = known or tickets.open_ticket(
            request.workspace,
            title=told["title"],
            description=told.get("description", ""),
            priority=told.get("priority", "normal"),
            client=_client(request, told.get("client")),
            assignee_id=_assignee(request, told.get("assignee")),
            conversation=_conversation(request, told.get("conversation")),
            external_id=told.get("external_id"),
            external_url=told.get("external_url", ""),
            by=_by(request),
            now=now,
        )
    except tickets.NotAMember:
        raise _no_member() from None
    number = ticket.ticket_number
    body = api_told.ticket(find(request, number), of=request.workspace)
    if ticket.created_at != now:  # another one told it at the same moment, or before
        return Done(200, body)
    _note(request, "ticket.opened", ticket, now=now)
    address = reverse("tickets-api:ticket", kwargs={"number": number})
    return Done(201, body, address)


def _commented(request: ApiWorkspaceRequest, ticket: Ticket, *, now: datetime) -> Done:
    told = request.told
    if told.get("by_client", False):
        event = tickets.take_answer(ticket, text=told["text"], by=_by(request), now=now)
    else:
        event = tickets.comment(
            ticket,
            text=told["text"],
            is_public=told.get("is_public", False),
            by=_by(request),
            now=now,
        )
    _note(request, "ticket.commented", ticket, now=now)
    kwargs = {"number": ticket.ticket_number}
    return Done(
        201, api_told.comment(event), reverse("tickets-api:comments", kwargs=kwargs)
    )


def _changes(request: ApiWorkspaceRequest, told: Mapping[str, Any]) -> Changes:
    changes = {
        name: value
        for name, value in told.items()
        if name not in ("client", "assignee")
    }
    if "client" in told:
        client = _client(request, told["client"])
        changes["client_id"] = client.pk if client else None
    if "assignee" in told:
        changes["assignee_id"] = _assignee(request, told["assignee"])
    return cast("Changes", changes)


def _by(request: ApiWorkspaceRequest) -> By:
    return By(bearers.user_of(request.bearer), source=EventSource.SYSTEM)


def _client_asked(request: ApiWorkspaceRequest) -> Client | None:
    told = request.asked.get("client")
    return exchange.find_client(request.workspace, told) if told else None


def _client(request: ApiWorkspaceRequest, told: str | None) -> Client | None:
    if not told:
        return None
    client = exchange.find_client(request.workspace, told)
    if client is None:
        raise unprocessable(
            "client", "unknown_client", "No client has this oauth_id or id."
        )
    return client


def _conversation(
    request: ApiWorkspaceRequest, key: uuid.UUID | None
) -> Conversation | None:
    if key is None:
        return None
    found = thread.find_conversation(request.workspace, key=key)
    if found is None:
        raise unprocessable(
            "conversation", "unknown_conversation", "There is no such conversation."
        )
    return found


def _assignee(request: ApiWorkspaceRequest, email: str | None) -> int | None:
    if not email:
        return None
    found = _member(request, email)
    if found is None:
        raise _no_member()
    return found


def _member(request: ApiWorkspaceRequest, email: str) -> int | None:
    members = Membership.objects.for_workspace(request.workspace)
    found: int | None = (
        members.filter(user__email=emails.normal(email))
        .values_list("user_id", flat=True)
        .first()
    )
    return found


def _no_member() -> Problem:
    return unprocessable(
        "assignee",
        "unknown_member",
        "No member who may work on tickets has this e-mail.",
    )


def _note(
    request: ApiWorkspaceRequest,
    action: str,
    ticket: Ticket,
    *,
    now: datetime,
    fields: list[str] | None = None,
) -> None:
    details: dict[str, Any] = {"number": ticket.ticket_number}
    audit.record(
        workspace=request.workspace,
        action=action,
        actor=bearers.user_of(request.bearer),
        actor_label=bearers.label_of(request.bearer),
        target=str(ticket.key),
        details=details | ({"fields": fields} if fields else {}),
        ip=client_ip(request),
        now=now,
    )
