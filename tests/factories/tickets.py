"""Rows of room 3 for tests."""

from typing import Any

from accounts.models import Workspace
from integrations.models import Channel
from tests.factories import whatsapp
from tests.factories.whatsapp import NOON
from tickets.models import Client, NotificationRule, Ticket, TicketEvent
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


def rule(
    workspace: Workspace,
    *,
    event: str = "resolved",
    language: str = "pt-br",
    **fields: Any,
) -> NotificationRule:
    """A line of the table of notifications; to the client, unless told otherwise."""
    values = {"text": "Olá, {nome}! O chamado nº {número} está {status}."} | fields
    return NotificationRule.objects.create(
        workspace=workspace, event=event, language=language, **values
    )


def reachable(
    channel: Channel, *, digits: str = "5511987654321", **fields: Any
) -> Client:
    """A client with a conversation on this number, in which they wrote at noon."""
    person = whatsapp.lead(channel.workspace)
    whatsapp.identity(person, value=digits, kind="wa_id")
    whatsapp.conversation(person, channel, last_inbound_at=NOON)
    values = {"phone": f"+{digits}", "match_key": f"p:{digits}"} | fields
    return client(channel.workspace, lead=person, **values)
