"""What makes notifications in the proof: `python -m tests.prove.tellers <step>`.

Each step in a process of its own, as the run-time role: people and tickets, events raised at
once, transactions that are undone, processes killed between commit and hint.
"""

import argparse
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import django
from django.utils import timezone


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("step", choices=["furnish", "same", "undone", "killed"])
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    told = parser.parse_args()
    django.setup()
    steps = {
        "furnish": lambda: furnish(told.count),
        "same": lambda: same(told.at_once),
        "undone": undone,
        "killed": killed,
    }
    print(steps[told.step]())  # what the proof reads


def furnish(count: int) -> str:
    """For each step so many people who just wrote, with a ticket each, and one rule."""
    from accounts.models import Workspace
    from accounts.scoping import workspace_transaction
    from integrations.models import Channel
    from tickets.models import Client, NotificationRule, Ticket
    from whatsapp.models import Conversation, Identity, Lead

    now = timezone.now()
    workspace = Workspace.objects.get(slug="prove")
    with workspace_transaction(workspace.pk):
        channel = Channel.objects.for_workspace(workspace).get()
        channel.state = "connected"
        channel.save()
        leads = Lead.objects.bulk_create(
            Lead(workspace=workspace, created_at=now) for _ in range(3 * count)
        )
        phones = [f"5511{900000000 + number}" for number in range(3 * count)]
        Identity.objects.bulk_create(
            Identity(
                workspace=workspace,
                lead=lead,
                kind="wa_id",
                value=phone,
                match_key=f"p:{phone}",
                source="message",
                first_seen_at=now,
                last_seen_at=now,
            )
            for lead, phone in zip(leads, phones, strict=True)
        )
        Conversation.objects.bulk_create(
            Conversation(
                workspace=workspace,
                channel=channel,
                lead=lead,
                last_message_at=now,
                last_inbound_at=now,
                created_at=now,
            )
            for lead in leads
        )
        clients = Client.objects.bulk_create(
            Client(
                workspace=workspace,
                name=f"Pessoa {number}",
                phone=f"+{phone}",
                match_key=f"p:{phone}",
                lead=lead,
            )
            for number, (lead, phone) in enumerate(zip(leads, phones, strict=True))
        )
        titles = [*["same"] * count, *["undone"] * count, *["killed"] * count]
        Ticket.objects.bulk_create(
            Ticket(
                workspace=workspace,
                ticket_number=number,
                title=title,
                client=client,
                created_at=now,
                updated_at=now,
                status_at=now,
            )
            for number, (title, client) in enumerate(
                zip(titles, clients, strict=True), 1
            )
        )
        NotificationRule.objects.create(
            workspace=workspace,
            event="resolved",
            language=workspace.language,
            text="#{number} {title} {status}",
        )
    return f"{len(titles)} tickets"


def _tickets(title: str) -> tuple[int, list[int]]:
    from accounts.models import Workspace
    from accounts.scoping import workspace_transaction
    from tickets.models import Ticket

    workspace = Workspace.objects.get(slug="prove")
    with workspace_transaction(workspace.pk):
        rows = Ticket.objects.for_workspace(workspace).filter(title=title)
        return workspace.pk, list(rows.order_by("pk").values_list("pk", flat=True))


def resolve(workspace_id: int, ticket_id: int) -> None:
    """As another system's event does it, under one name however often it is told."""
    from tickets.models import EventSource, Ticket
    from tickets.services import tickets
    from tickets.services.tickets import By

    ticket = Ticket.objects.for_workspace(workspace_id).get(pk=ticket_id)
    by = By(source=EventSource.SYSTEM, event_id=f"proof:{ticket_id}")
    tickets.change(ticket, {"status": "resolved"}, by=by, now=timezone.now())


def same(at_once: int) -> str:
    from django.db import connection

    from accounts.scoping import workspace_transaction

    workspace_id, ids = _tickets("same")

    def raise_it(ticket_id: int) -> None:
        with workspace_transaction(workspace_id):
            resolve(workspace_id, ticket_id)
        connection.close()

    with ThreadPoolExecutor(at_once) as threads:
        done = list(threads.map(raise_it, [one for one in ids for _ in range(at_once)]))
    return f"{len(done)} events raised"


def undone() -> str:
    from django.db import transaction

    from accounts.scoping import workspace_transaction

    workspace_id, ids = _tickets("undone")
    for ticket_id in ids:
        with workspace_transaction(workspace_id):
            resolve(workspace_id, ticket_id)
            transaction.set_rollback(True)
    return f"{len(ids)} transactions rolled back"


def killed() -> str:
    """A process of its own for each, made before any connection is there to share."""
    from django.db import connection

    workspace_id, ids = _tickets("killed")
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one
    ends = [_in_a_child(workspace_id, one) for one in ids]
    hit = sum(os.WIFSIGNALED(end) for end in ends)
    if hit != len(ids):
        raise SystemExit(f"{hit} of {len(ids)} were killed between commit and hint")
    return f"{hit} processes killed between commit and hint"


def _in_a_child(workspace_id: int, ticket_id: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            _resolve_and_die(workspace_id, ticket_id)
        finally:
            os._exit(1)  # it lived on, which is no proof
    return os.waitpid(child, 0)[1]


def _resolve_and_die(workspace_id: int, ticket_id: int) -> None:
    from accounts.scoping import workspace_transaction
    from whatsapp import queue

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    queue.wake = die  # called once the transaction is committed, before any hint
    with workspace_transaction(workspace_id):
        resolve(workspace_id, ticket_id)


if __name__ == "__main__":
    main()
