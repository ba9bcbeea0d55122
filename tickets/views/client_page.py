"""`/t/<token>/`: a ticket for its client, who needs no account. Public, by a signed link.

Nothing is looked for before the signature holds; then the rows of that workspace alone.
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.http import neighbourhood
from accounts.scoping import workspace_transaction
from tickets import history
from tickets.forms.tickets import ClientCommentForm, event_id
from tickets.models import EventSource, Ticket
from tickets.selectors import history as events
from tickets.services import client_links, tickets
from tickets.services.client_links import Link, LinkBad
from tickets.services.tickets import By
from whatsapp import phones

_MOST = 200  # entries, the newest


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, token: str) -> HttpResponse:
    """Limits are counted outside of the transaction that is limited."""
    now = timezone.now()
    limits.demand("ticket_page", neighbourhood(request), now=now)
    try:
        link = client_links.read(token)
    except LinkBad:
        return _not_kept(_farewell(request, HTTPStatus.NOT_FOUND))
    if request.method == "POST":
        limits.demand("ticket_answer", str(link.ticket_key), now=now)
    with workspace_transaction(link.workspace_id):
        found = client_links.find_ticket(link)
        if found is None:
            return _not_kept(_farewell(request, HTTPStatus.GONE))
        client = found.client
        language = (client.language if client else "") or translation.get_language()
        zone = ZoneInfo(found.workspace.time_zone)
        with translation.override(language), timezone.override(zone):
            response = _show(request, link, found, now=now)
            response.headers["Content-Language"] = language or ""
    return _not_kept(response)


def _show(
    request: HttpRequest, link: Link, found: Ticket, *, now: datetime
) -> HttpResponse:
    if not client_links.is_good(link, found):
        return _farewell(request, HTTPStatus.GONE, found)
    form = ClientCommentForm(request.POST.dict() if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        told = form.cleaned_data
        tickets.take_answer(
            found,
            text=told["text"],
            by=By(
                source=EventSource.CLIENT,
                event_id=event_id(told["key"], "client", told["text"]),
            ),
            now=now,
        )
        return HttpResponseRedirect(f"{request.path}?sent=1#latest")
    page = events.list_events(found, is_public=True, size=_MOST)
    context = {
        "ticket": found,
        "level": history.status_level(found.status),
        "entries": history.client_entries(page.rows),
        "is_cut": page.older is not None,
        "form": form,
        "has_sent": "sent" in request.GET,
        "whatsapp_url": _whatsapp(found),
        "live_address": f"/live{request.path}",
    }
    status = 422 if form.is_bound else 200
    return render(request, "tickets/client_page.html", context, status=status)


def _farewell(
    request: HttpRequest, status: HTTPStatus, found: Ticket | None = None
) -> HttpResponse:
    """Says why, and how to get another link."""
    context = {
        "is_bad": status == HTTPStatus.NOT_FOUND,
        "ticket": found,
        "whatsapp_url": _whatsapp(found) if found else "",
    }
    return render(request, "tickets/client_page_over.html", context, status=status)


def _whatsapp(found: Ticket) -> str:
    """Where the client can write to: the number they talked with last about it."""
    talk = found.conversation
    if talk is None or not talk.channel.is_active or not talk.channel.phone:
        return ""
    text = _("Hello! It is about ticket #%(number)s.") % {"number": found.ticket_number}
    number = phones.digits(talk.channel.phone)
    return f"https://wa.me/{number}?text={quote(text, safe='')}"


def _not_kept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
