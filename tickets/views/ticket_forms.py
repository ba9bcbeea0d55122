"""Opening a ticket, also from a conversation, and editing one."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import selectors as people
from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.permissions import Action
from tickets.forms.tickets import NEW_CLIENT, TicketForm, event_id
from tickets.models import Client, Ticket
from tickets.selectors import clients as client_selector
from tickets.selectors import tickets as selector
from tickets.services import clients, tickets
from tickets.services.tickets import By
from whatsapp import phones
from whatsapp.models import Conversation
from whatsapp.selectors import leads, thread
from whatsapp.selectors.people import Person

_CONFLICT, _INVALID = 409, 422
form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.EDIT_TICKETS)
def ticket_new(request: WorkspaceRequest) -> HttpResponse:
    """`?conversation=` and `?client=` say whom it is for."""
    asked = request.POST if request.method == "POST" else request.GET
    talk = _conversation(request, asked.get("conversation", ""))
    known = clients.of_lead(talk.lead) if talk else None
    told = _client(request, asked.get("client", "")) or known
    offers_lead = talk is not None and known is None
    form = _form(
        request,
        told=told,
        from_lead=_called(_person(talk)) if talk and offers_lead else "",
        initial={
            "client": _key(told) or (NEW_CLIENT if offers_lead else ""),
            "conversation": talk.key if talk else None,
        },
    )
    status = 200
    if form.is_bound and form.is_valid():
        try:
            ticket = _open(request, form, talk, known)
        except tickets.NotAMember:
            form.add_error("assignee", _("This person cannot work on tickets here."))
        else:
            messages.success(
                request,
                _("Ticket #%(number)s is open.") % {"number": ticket.ticket_number},
            )
            return _to(request, ticket)
    if form.is_bound and form.errors:
        status = _INVALID
    context: dict[str, Any] = {"form": form, "conversation": talk, "ticket": None}
    if talk:
        context["person"] = _person(talk)
    return render(request, "tickets/ticket_form.html", context, status=status)


@form_page
@requires(Action.EDIT_TICKETS)
def ticket_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    ticket, status = _find(request, key), 200
    told = _client(request, request.POST.get("client", "")) or ticket.client
    form = _form(
        request, told=told, also=ticket.client, initial=TicketForm.values_of(ticket)
    )
    if form.is_bound and form.is_valid():
        try:
            changed = tickets.change(
                ticket,
                {
                    "title": form.cleaned_data["title"],
                    "description": form.cleaned_data["description"],
                    "client_id": form.chosen.pk if form.chosen else None,
                    "priority": form.cleaned_data["priority"],
                    "assignee_id": form.assignee_id,
                    "external_url": form.cleaned_data["external_url"],
                },
                by=By(request.user),
                now=timezone.now(),
                seen=form.cleaned_data["seen"],
            )
        except tickets.TicketStale as stale:
            form.tell_now(_find(request, stale.ticket.key))
            status = _CONFLICT
        except tickets.NotAMember:
            form.add_error("assignee", _("This person cannot work on tickets here."))
        else:
            messages.success(
                request, _("Ticket saved.") if changed else _("Nothing changed.")
            )
            return _to(request, ticket)
    if form.is_bound and form.errors and status != _CONFLICT:
        status = _INVALID
    context = {"form": form, "ticket": ticket}
    return render(request, "tickets/ticket_form.html", context, status=status)


def _open(
    request: WorkspaceRequest,
    form: TicketForm,
    talk: Conversation | None,
    known: Client | None,
) -> Ticket:
    told, now = form.cleaned_data, timezone.now()
    client = form.chosen
    is_lead = form.makes_client or (client is not None and client == known)
    if is_lead and talk is not None:
        client = clients.from_lead(
            talk.lead,
            phone=_phone(talk),
            actor=request.user,
            now=now,
            ip=client_ip(request),
        )
    return tickets.open_ticket(
        request.workspace,
        title=told["title"],
        description=told["description"],
        priority=told["priority"],
        client=client,
        assignee_id=form.assignee_id,
        conversation=talk,
        external_url=told["external_url"],
        by=By(request.user, event_id=event_id(told["key"], "open")),
        now=now,
    )


def _form(
    request: WorkspaceRequest,
    *,
    told: Client | None,
    also: Client | None = None,
    initial: dict[str, Any],
    from_lead: str = "",
) -> TicketForm:
    """Bound to what was sent; while a client is looked for, only filled with it."""
    posted = request.POST.dict() if request.method == "POST" else None
    typed = posted or {}
    hits = client_selector.choices(request.workspace, typed.get("who", ""))
    offered = {one.pk: one for one in (told, also, *hits) if one is not None}
    if "find" in typed:
        initial |= typed
        if len(hits) == 1:
            initial["client"] = _key(hits[0])
        posted = None
    form = TicketForm(
        posted,
        clients=list(offered.values()),
        people=people.list_people_who_may(request.workspace, Action.EDIT_TICKETS),
        from_lead=from_lead,
        initial=initial,
    )
    form.found_nobody = "find" in typed and not hits
    return form


def _conversation(request: WorkspaceRequest, told: str) -> Conversation | None:
    key = _uuid(told)
    found = thread.find_conversation(request.workspace, key=key) if key else None
    if key and found is None:
        raise Http404
    return found


def _client(request: WorkspaceRequest, told: str) -> Client | None:
    """Whom the address or the form names; nobody else's clients, and no error for none."""
    key = _uuid(told)
    return client_selector.find_client(request.workspace, key=key) if key else None


def _person(talk: Conversation) -> Person:
    return leads.person_of(talk.lead, leads.list_identities(talk.lead))


def _phone(talk: Conversation) -> str:
    """In E.164; empty only for somebody who hides their number."""
    number = _person(talk).phone
    return phones.from_whatsapp(number) if number else ""


def _called(person: Person) -> str:
    number = phones.display(person.phone) if person.phone else person.alias
    told = [one for one in (person.name, number) if one]
    return " · ".join(told) or _("Unknown person")


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Ticket:
    ticket = selector.find_ticket(request.workspace, key=key)
    if ticket is None:
        raise Http404
    return ticket


def _to(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    page = redirect("tickets:ticket-detail", request.workspace.slug, ticket.key)
    page["Location"] += carried_query(request)
    return page


def _key(client: Client | None) -> str:
    return str(client.key) if client else ""


def _uuid(told: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(told)
    except ValueError:
        return None
