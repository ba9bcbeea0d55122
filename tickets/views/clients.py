"""Clients: the list, one client with tickets and WhatsApp, and who they are among leads."""

import uuid
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import audit, paging
from accounts.http import (
    WorkspaceRequest,
    carried_query,
    client_ip,
    download,
    requires,
)
from accounts.permissions import Action
from tickets.forms.clients import ClientForm
from tickets.forms.filters import ClientFilterForm
from tickets.models import Client
from tickets.selectors import client_export, tickets
from tickets.selectors import clients as selector
from tickets.selectors.tickets import ALL, TicketFilter
from tickets.services import clients
from whatsapp.models import Lead
from whatsapp.selectors import leads, own_numbers, profile

_CONFLICT, _INVALID = 409, 422
_SHOWN = 20  # tickets on a client's page; the list has the rest
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(Action.READ)
def client_list(request: WorkspaceRequest) -> HttpResponse:
    before = paging.understood(request.GET.get("before", ""))
    form = ClientFilterForm(request.GET)
    asked = request.GET.copy()
    asked.pop("before", None)
    query = asked.urlencode()
    context = {
        "form": form,
        "query": query,
        "text": form.text,
        "listed": request.GET.urlencode(),
        "pager_query": f"{query}&" if query else "",
        "page": selector.list_clients(request.workspace, text=form.text, before=before),
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
    }
    return render(request, "tickets/client_list.html", context)


@require_GET
@requires(Action.READ)
def client_export_csv(request: WorkspaceRequest) -> HttpResponse:
    text, now = ClientFilterForm(request.GET).text, timezone.now()
    audit.record(
        workspace=request.workspace,
        action="client.exported",
        actor=request.user,
        details={"filters": ["text"] if text else []},
        ip=client_ip(request),
        now=now,
    )
    pieces = client_export.write(request.workspace, text=text)
    day = timezone.localtime(now).date().isoformat()
    return download(request, pieces, name=f"clients-{day}.csv", kind="text/csv")


@form_page
@requires(Action.EDIT_TICKETS)
def client_new(request: WorkspaceRequest) -> HttpResponse:
    form = ClientForm(_posted(request), read_phone=_reader(request))
    status = 200
    if form.is_bound and form.is_valid():
        try:
            client = clients.add(
                request.workspace,
                form.facts,
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
                key=form.cleaned_data["key"],
            )
        except clients.Known as known:
            _tell_known(request, form, known.client)
        else:
            messages.success(request, _("Client added."))
            return _to(request, client)
    if form.is_bound:
        status = _INVALID
    context = {"form": form, "client": None}
    return render(request, "tickets/client_form.html", context, status=status)


@form_page
@requires(Action.EDIT_TICKETS)
def client_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    client = _find(request, key)
    form = ClientForm(
        _posted(request),
        read_phone=_reader(request),
        initial=ClientForm.values_of(client),
    )
    status = 200
    if form.is_bound and form.is_valid():
        try:
            changed = clients.edit(
                client,
                form.facts,
                actor=request.user,
                now=timezone.now(),
                seen=form.cleaned_data["seen"],
                ip=client_ip(request),
            )
        except clients.Known as known:
            _tell_known(request, form, known.client)
        except clients.ClientStale as stale:
            form.tell_now(stale.client)
            status = _CONFLICT
        else:
            messages.success(
                request, _("Client saved.") if changed else _("Nothing changed.")
            )
            return _to(request, client)
    if form.is_bound and status != _CONFLICT:
        status = _INVALID
    context = {"form": form, "client": client}
    return render(request, "tickets/client_form.html", context, status=status)


@require_safe
@requires(Action.READ)
def client_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    client = _find(request, key)
    lead = selector.lead_of(client)
    page = tickets.list_tickets(
        request.workspace,
        filters=TicketFilter(status=ALL, client=client.key),
        size=_SHOWN,
    )
    context = {
        "client": client,
        "tickets": page.rows,
        "has_more": page.older is not None,
        "profile": profile.profile_of(lead) if lead else None,
        "suggestions": [
            {"lead": one, "person": leads.person_of(one, leads.list_identities(one))}
            for one in (selector.suggestions(client) if lead is None else ())
        ],
    }
    return render(request, "tickets/client_detail.html", context)


@require_POST
@requires(Action.EDIT_TICKETS)
def client_link(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """`lead` is the key of whom the client is; none takes the link away."""
    client = _find(request, key)
    lead = _lead(request, request.POST.get("lead", ""))
    clients.link(
        client,
        lead,
        actor=request.user,
        now=timezone.now(),
        ip=client_ip(request),
    )
    messages.success(
        request, _("The client is linked.") if lead else _("The link was taken away.")
    )
    return _to(request, client)


def _lead(request: WorkspaceRequest, told: str) -> Lead | None:
    if not told:
        return None
    try:
        lead = leads.find_editable(request.workspace, key=uuid.UUID(told))
    except ValueError:
        lead = None
    if lead is None:
        raise Http404
    return lead


def _reader(request: WorkspaceRequest) -> Callable[[str], str | None]:
    return partial(own_numbers.read_phone, request.workspace)


def _posted(request: WorkspaceRequest) -> dict[str, str] | None:
    return request.POST.dict() if request.method == "POST" else None


def _tell_known(request: WorkspaceRequest, form: ClientForm, other: Client) -> None:
    address = reverse(
        "tickets:client-detail",
        kwargs={"workspace_slug": request.workspace.slug, "key": other.key},
    )
    told = _("Another client has this oauth_id already:")
    form.add_error(
        "oauth_id",
        format_html('{} <a href="{}"><bdi>{}</bdi></a>', told, address, other.name),
    )


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Client:
    client = selector.find_client(request.workspace, key=key)
    if client is None:
        raise Http404
    return client


def _to(request: WorkspaceRequest, client: Client) -> HttpResponse:
    page = redirect("tickets:client-detail", request.workspace.slug, client.key)
    page["Location"] += carried_query(request)
    return page
