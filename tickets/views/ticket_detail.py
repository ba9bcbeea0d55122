"""A ticket's page: its history, and the small deeds that are done there.

Each post names its `act` and has rights of its own. What cannot be done is answered on the
same page, with what was typed.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit, paging
from accounts import selectors as people
from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.models import User
from accounts.permissions import Action, may
from tickets import history
from tickets import notification_words as words
from tickets.forms.tickets import CommentForm, QuickForm, TellForm, event_id
from tickets.models import NotificationPath, Ticket
from tickets.selectors import clients as client_selector
from tickets.selectors import history as events
from tickets.selectors import notifications
from tickets.selectors import tickets as selector
from tickets.selectors.notifications import Told
from tickets.services import client_links, retelling, tickets
from tickets.services.tickets import By
from whatsapp.selectors import profile

_CONFLICT, _INVALID = 409, 422
Act = Callable[[WorkspaceRequest, Ticket], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.READ)
def ticket_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    ticket = _find(request, key)
    if request.method != "POST":
        return _page(request, ticket)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        return HttpResponseBadRequest()
    if not may(request.membership.role, Action.EDIT_TICKETS):
        raise PermissionDenied
    return act(request, ticket)


def _change(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    """One of the three, or all: what is not sent stays as it is."""
    sent = {**QuickForm.values_of(ticket), **request.POST.dict()}
    form = QuickForm(sent, people=_people(request))
    if not form.is_valid():
        return _page(request, ticket, quick=form, status=_INVALID)
    told = form.cleaned_data
    try:
        changed = tickets.change(
            ticket,
            {
                "status": told["status"],
                "priority": told["priority"],
                "assignee_id": int(told["assignee"]) if told["assignee"] else None,
            },
            by=By(request.user),
            now=timezone.now(),
            seen=told["seen"],
        )
    except tickets.TicketStale as stale:
        form.tell_now(stale.ticket)
        ticket = _find(request, ticket.key)
        return _page(request, ticket, quick=form, status=_CONFLICT)
    except tickets.NotAMember:
        form.add_error("assignee", _("This person cannot work on tickets here."))
        return _page(request, ticket, quick=form, status=_INVALID)
    messages.success(request, _("Ticket saved.") if changed else _("Nothing changed."))
    return _back(request, ticket)


def _comment(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    form = CommentForm(request.POST.dict())
    if not form.is_valid():
        return _page(request, ticket, comment=form, status=_INVALID)
    told = form.cleaned_data
    tickets.comment(
        ticket,
        text=told["text"],
        is_public=form.is_public,
        by=By(
            request.user,
            event_id=event_id(told["key"], told["audience"], told["text"]),
        ),
        now=timezone.now(),
    )
    messages.success(
        request,
        _("Comment kept. The client reads it on their page.")
        if form.is_public
        else _("Comment kept, for the team alone."),
    )
    return _back(request, ticket, anchor="#latest")


def _link(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    if ticket.client is None:
        messages.warning(request, _("Say first whose ticket this is."))
        return _back(request, ticket)
    audit.record(
        workspace=request.workspace,
        action="ticket.link_made",
        actor=request.user,
        target=str(ticket.key),
        details={"number": ticket.ticket_number},
        ip=client_ip(request),
        now=timezone.now(),
    )
    return _page(request, ticket, link=client_links.make(ticket))


def _withdraw(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    if "sure" not in request.POST:
        return _page(request, ticket, asks_to_withdraw=True)
    client_links.withdraw(
        ticket, actor=request.user, now=timezone.now(), ip=client_ip(request)
    )
    messages.success(
        request, _("Links withdrawn. Those given so far lead nowhere now.")
    )
    return _back(request, ticket)


def _tell(request: WorkspaceRequest, ticket: Ticket) -> HttpResponse:
    """Again, by the best way there is now; or by e-mail, whatever way there is."""
    form = TellForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("This form was incomplete. Send it once more."))
        return _back(request, ticket)
    try:
        told = retelling.tell(
            ticket,
            actor=request.user,
            key=str(form.cleaned_data["key"]),
            by_email=request.POST["act"] == "tell_by_email",
            now=timezone.now(),
            ip=client_ip(request),
        )
    except retelling.NothingToTell:
        messages.warning(
            request,
            _("No rule says anything of this ticket. Write one in the settings."),
        )
        return _back(request, ticket)
    if told.path == NotificationPath.NOBODY:
        why = words.reason(told.reason)
        messages.warning(
            request, _("The client was not reached. %(why)s") % {"why": why}
        )
    else:
        way = words.path(told.path)
        messages.success(request, _("The client is told: %(way)s.") % {"way": way})
    return _back(request, ticket, anchor="#told")


_ACTS: dict[str, Act] = {
    "change": _change,
    "comment": _comment,
    "link": _link,
    "tell": _tell,
    "tell_by_email": _tell,
    "withdraw": _withdraw,
}


def _page(
    request: WorkspaceRequest,
    ticket: Ticket,
    *,
    quick: QuickForm | None = None,
    comment: CommentForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    earlier = paging.understood(request.GET.get("earlier", ""))
    page = events.list_events(ticket, before=earlier)
    lead = client_selector.lead_of(ticket.client)
    told, last = notifications.of_page(ticket, [one.pk for one in page.rows])
    context = {
        "ticket": ticket,
        "entries": history.entries(
            page.rows,
            events.names_in(ticket, page.rows),
            {event: [Told.of(one) for one in rows] for event, rows in told.items()},
        ),
        "told_last": Told.of(last) if last else None,
        "tell": TellForm(auto_id="tell_%s"),
        "older": page.older,
        "is_earlier_page": bool(earlier),
        "quick": quick
        or QuickForm(people=_people(request), initial=QuickForm.values_of(ticket)),
        "comment": comment or CommentForm(),
        "profile": profile.profile_of(lead) if lead else None,
        "link_days": client_links.lifetime().days,
        **more,
    }
    return render(request, "tickets/ticket_detail.html", context, status=status)


def _people(request: WorkspaceRequest) -> list[User]:
    return people.list_people_who_may(request.workspace, Action.EDIT_TICKETS)


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Ticket:
    ticket = selector.find_ticket(request.workspace, key=key)
    if ticket is None:
        raise Http404
    return ticket


def _back(
    request: WorkspaceRequest, ticket: Ticket, *, anchor: str = ""
) -> HttpResponse:
    page = redirect("tickets:ticket-detail", request.workspace.slug, ticket.key)
    page["Location"] += carried_query(request) + anchor
    return page
