"""The ticket list: its filters, its pages, its CSV."""

import uuid
from collections.abc import Sequence

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, paging
from accounts import selectors as people
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.models import User
from accounts.permissions import Action
from integrations.selectors import channels
from tickets.forms.filters import TicketFilterForm
from tickets.forms.tickets import BulkForm
from tickets.models import Client, Ticket
from tickets.selectors import notifications, ticket_export, tickets
from tickets.selectors.notifications import Told
from tickets.selectors.tickets import ALL, LIVE, TABS
from whatsapp.models import FilterPlace, Lead
from whatsapp.selectors import filters as asking
from whatsapp.views import saved_filters
from whatsapp.views.saved_filters import Place


@require_safe
@requires(Action.READ)
def ticket_list(request: WorkspaceRequest) -> HttpResponse:
    before = paging.understood(request.GET.get("before", ""))
    form = filter_form(request, request.GET)
    filters, asked = form.filter, form.asked
    counts = tickets.count_by_tab(
        request.workspace, filters=filters, user_id=request.user.pk
    )
    page = tickets.list_tickets(
        request.workspace, filters=filters, user_id=request.user.pk, before=before
    )
    query = asking.written(asked)
    narrowing = {name: text for name, text in asked.items() if name != "status"}
    context = {
        "form": form,
        "filters": filters,
        "opens_filters": bool({*filters.names, *form.errors} - {"text", "q", "client"}),
        "tabs": [
            {
                "name": tab,
                "count": counts[tab],
                "query": asking.written(
                    narrowing | ({"status": tab} if tab != LIVE else {})
                ),
            }
            for tab in TABS
        ],
        "query": query,
        "narrows": bool(narrowing),
        "has_any": counts[ALL] > 0,
        "listed": request.GET.urlencode(),
        "pager_query": f"{query}&" if query else "",
        "page": page,
        "rows": _with_told(request, page.rows),
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
        "saved": saved_filters.context_of(request, TICKETS, asked=asked),
        "bulk": BulkForm(people=_people(request)),
        "of_client": _client(request, filters.client) if filters.client else None,
        "of_lead": _lead(request, filters.lead) if filters.lead else None,
    }
    return render(request, "tickets/ticket_list.html", context)


def _with_told(
    request: WorkspaceRequest, rows: Sequence[Ticket]
) -> list[tuple[Ticket, Told | None]]:
    """Each ticket with what its client was told last."""
    last = notifications.told_last(request.workspace, [one.pk for one in rows])
    return [(one, Told.of(last[one.pk]) if one.pk in last else None) for one in rows]


@require_GET
@requires(Action.READ)
def ticket_export_csv(request: WorkspaceRequest) -> HttpResponse:
    """The tickets of the filters in the address, all pages of them; with a filter that makes
    no sense the list answers, which says so."""
    form = filter_form(request, request.GET)
    if form.errors:
        page = redirect("tickets:ticket-list", request.workspace.slug)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    now = timezone.now()
    audit.record(
        workspace=request.workspace,
        action="ticket.exported",
        actor=request.user,
        details={"filters": [*form.filter.names, "status"]},
        ip=client_ip(request),
        now=now,
    )
    pieces = ticket_export.write(
        request.workspace, filters=form.filter, user_id=request.user.pk, now=now
    )
    day = timezone.localtime(now).date().isoformat()
    return download(request, pieces, name=f"tickets-{day}.csv", kind="text/csv")


def filter_form(request: WorkspaceRequest, query: QueryDict) -> TicketFilterForm:
    numbers = channels.list_channels(request.workspace)
    return TicketFilterForm(
        query,
        people=_people(request),
        channels=[one for one in numbers if one.is_active],
    )


def _people(request: WorkspaceRequest) -> list[User]:
    return people.list_people_who_may(request.workspace, Action.EDIT_TICKETS)


def _client(request: WorkspaceRequest, key: uuid.UUID) -> Client | None:
    rows = Client.objects.for_workspace(request.workspace).filter(key=key)
    found: Client | None = rows.only("key", "name").first()
    return found


def _lead(request: WorkspaceRequest, key: uuid.UUID) -> Lead | None:
    rows = Lead.objects.for_workspace(request.workspace).filter(key=key)
    found: Lead | None = rows.only("key", "name").first()
    return found


def _understood(request: WorkspaceRequest, query: QueryDict) -> dict[str, str]:
    return filter_form(request, query).asked


TICKETS = Place(
    FilterPlace.TICKETS, "tickets:ticket-list", "tickets:ticket-filters", _understood
)
