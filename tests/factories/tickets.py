"""Rows of room 3 for tests."""

from typing import Any

from accounts.models import Workspace
from tests.factories.whatsapp import NOON
from tickets.models import Client, Ticket, TicketEvent
from whatsapp.folding import fold


def client(workspace: Workspace, *, name: str = "Ana Lima", **fields: Any) -> Client:
    values = {"search_text": fold(name)} | fields
    return Client.objects.create(workspace=workspace, name=name, **values)


def ticket(workspace: Workspace, *, number: int = 1, **fields: Any) -> Ticket:
    values = {
        "title": f"Chamado {number}",
        "created_at": NOON,
        "updated_at": NOON,
        "status_at": NOON,
    }
    values["search_text"] = fold(fields.get("title", values["title"]))
    return Ticket.objects.create(
        workspace=workspace, ticket_number=number, **(values | fields)
    )


def entry(ticket: Ticket, *, kind: str = "commented", **fields: Any) -> TicketEvent:
    return TicketEvent.objects.create(
        workspace=ticket.workspace,
        ticket=ticket,
        kind=kind,
        **({"created_at": NOON} | fields),
    )
