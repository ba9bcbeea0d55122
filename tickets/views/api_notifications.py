"""`/api/notifications/send`: another ticket system has its client told, by our rules."""

from datetime import datetime
from typing import cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.api import bearers, repeats
from accounts.api.answers import unprocessable
from accounts.api.guards import ApiWorkspaceRequest, operation
from accounts.api.repeats import Done
from accounts.http import client_ip
from tickets import api_operations as operations
from tickets import api_told
from tickets.models import EventSource
from tickets.selectors import exchange
from tickets.services import relaying
from tickets.services.relaying import KINDS, News
from tickets.services.tickets import By
from tickets.views import api_clients, api_tickets


@operation(operations.SEND_NOTIFICATION)
def send(request: ApiWorkspaceRequest) -> HttpResponse:
    """202 with what became of it for each person; 404 says whom nobody knows."""
    now = timezone.now()
    return repeats.once(request, lambda: _relayed(request, now=now), now=now)


def _relayed(request: ApiWorkspaceRequest, *, now: datetime) -> Done:
    told = request.told
    client = api_clients.find(request, told["client_id"])
    user = bearers.user_of(request.bearer)
    try:
        relayed = relaying.relay(
            client,
            KINDS[told["notification_type"]],
            cast("News", told["data"]),
            by=By(user, source=EventSource.SYSTEM),
            now=now,
        )
    except relaying.TitleMissing:
        raise unprocessable(
            "data.title", "missing", "A ticket that is not known here needs a title."
        ) from None
    number = relayed.ticket.ticket_number
    rows = exchange.list_told(request.workspace, relayed.events)
    audit.record(
        workspace=request.workspace,
        action="ticket.relayed",
        actor=user,
        actor_label=bearers.label_of(request.bearer),
        target=str(relayed.ticket.key),
        details={"number": number, "told": len(rows)},
        ip=client_ip(request),
        now=now,
    )
    ticket = api_tickets.find(request, number)
    return Done(
        202,
        {
            "ticket": api_told.ticket(ticket, of=request.workspace),
            "events": [
                {"id": str(one.key), "kind": one.kind} for one in relayed.events
            ],
            "notifications": [api_told.notification(row) for row in rows],
        },
        reverse("tickets-api:ticket", kwargs={"number": number}),
    )
