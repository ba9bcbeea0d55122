"""10,000 notifications: planned before anything is written, then made by one change."""

import time

from django.urls import reverse
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tests.bench.house import House, HouseFailed
from tests.bench.report import Bound, Row
from tests.bench.sending import furnish
from tickets.models import Client, EventSource, Notification, NotificationRule, Ticket
from tickets.services import bulk_changes, planning
from tickets.services.tickets import By
from whatsapp.models import Identity, OutboxEntry

NOTIFICATIONS = 10_000
MOST_PLAN_SECONDS = 5.0
MOST_ENQUEUE_SECONDS = 10.0


def notifications(house: House) -> list[Row]:
    house.ready()
    count = 2000 if house.is_quick else NOTIFICATIONS
    channel, threads = furnish(count, {})
    workspace = channel.workspace
    now = timezone.now()
    try:
        Identity.objects.bulk_create(
            Identity(
                workspace=workspace,
                lead_id=thread.lead_id,
                kind="wa_id",
                value=f"55119{number:08d}",
                match_key=f"p:55119{number:08d}",
                source="message",
                first_seen_at=now,
                last_seen_at=now,
            )
            for number, thread in enumerate(threads)
        )
        clients = Client.objects.bulk_create(
            Client(
                workspace=workspace,
                name=f"Pessoa {number}",
                phone=f"+55119{number:08d}",
                match_key=f"p:55119{number:08d}",
                lead_id=thread.lead_id,
            )
            for number, thread in enumerate(threads)
        )
        tickets = Ticket.objects.bulk_create(
            Ticket(
                workspace=workspace,
                ticket_number=number,
                title=f"Pedido {number}",
                client=client,
                created_at=now,
                updated_at=now,
                status_at=now,
            )
            for number, client in enumerate(clients, 1)
        )
        NotificationRule.objects.create(
            workspace=workspace,
            event="resolved",
            language="pt-br",
            text="Olá, {nome}! O chamado nº {número}, {título}, foi resolvido: {link}",
        )
        # A server has loaded its addresses long before somebody changes 10,000 tickets.
        reverse("tickets:ticket-list", kwargs={"workspace_slug": workspace.slug})
        # So has autovacuum looked at rows that have been there for a minute.
        house.execute("ANALYZE")
        planned = _plan(workspace, tickets)
        enqueued = _change(workspace, tickets)
    finally:
        workspace.delete()
    note = f"{count} clients inside the window, each with a signed link of their own"
    return [
        Row(
            "notifications_plan",
            planned,
            "s",
            target=MOST_PLAN_SECONDS,
            bound=Bound.VALUE_AT_MOST,
            note=f"{count} clients of as many tickets",
        ),
        Row(
            "notifications_enqueue",
            enqueued,
            "s",
            target=MOST_ENQUEUE_SECONDS,
            bound=Bound.VALUE_AT_MOST,
            note=note,
        ),
    ]


def _plan(workspace: Workspace, tickets: list[Ticket]) -> float:
    started = time.perf_counter()
    with workspace_transaction(workspace.pk):
        plan = planning.plan_change(
            workspace, tickets, {"status": "resolved"}, now=timezone.now()
        )
    seconds = time.perf_counter() - started
    told = [(path.value, number) for path, number in plan.counts]
    if told != [("free_text", len(tickets))]:
        raise HouseFailed(f"planned: {told}")
    return seconds


def _change(workspace: Workspace, tickets: list[Ticket]) -> float:
    """The change of the tickets with their history, the rows and the promises, to the commit."""
    started = time.perf_counter()
    with workspace_transaction(workspace.pk):
        bulk_changes.change_many(
            workspace.pk,
            [one.pk for one in tickets],
            {"status": "resolved"},
            by=By(source=EventSource.SYSTEM),
            now=timezone.now(),
        )
    seconds = time.perf_counter() - started
    with workspace_transaction(workspace.pk):
        rows = Notification.objects.for_workspace(workspace).filter(path="free_text")
        promised = OutboxEntry.objects.for_workspace(workspace).filter(state="due")
        counts = rows.count(), promised.count()
    if counts != (len(tickets), len(tickets)):
        raise HouseFailed(f"notifications and promises: {counts}")
    return seconds
