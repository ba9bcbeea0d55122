"""The shop's other systems: who tells it, who hears of it, and what was posted."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import User, Workspace
from tests.factories import events as make
from tickets import event_kinds
from tickets.models import EventDelivery, IncomingSource, Subscription, Ticket

_HEARD = (
    "500\ncontent-type: application/json\nserver: crm\n\n"
    '{"error": "database is being upgraded"}'
)
_SAID = (
    "POST https://crm.example.com/recado\nContent-Type: application/json\n"
    "webhook-id: evt_8f2c\nwebhook-timestamp: 1773154800\nwebhook-signature: v1,***"
)


@dataclass(frozen=True)
class Events:
    """As the shop names them."""

    source: IncomingSource
    silent: IncomingSource
    subscription: Subscription
    unheard: Subscription
    delivery: EventDelivery


def connect(ticket: Ticket, person: User) -> Events:
    workspace, now = ticket.workspace, timezone.now()
    source = make.source(
        workspace,
        name="Zendesk da matriz",
        created_by=person,
        last_received_at=now - timedelta(minutes=4),
        refused=2,
        last_refused_at=now - timedelta(hours=3),
        last_refusal="wrong",
    )
    for place, (kind, verdict, reason) in enumerate(
        (
            ("ticket.created", "applied", ""),
            ("ticket.assigned", "late", ""),
            ("ticket.updated", "refused", "unknown_client"),
            ("invoice.paid", "ignored", ""),
        )
    ):
        is_refused = verdict == "refused"
        make.told(
            source,
            ticket=ticket if verdict in ("applied", "late") else None,
            event_id=None if is_refused else f"zd-{4810 + place}",
            told_id=f"zd-{4810 + place}",
            kind=kind,
            verdict=verdict,
            reason=reason,
            field="data.client_id" if is_refused else "",
            received_at=now - timedelta(minutes=4 + 9 * place),
        )
    silent = make.source(workspace, name="ERP", created_by=person)
    subscription = make.subscription(
        workspace,
        name="CRM de vendas",
        kinds=list(event_kinds.OUTGOING),
        created_by=person,
        last_success_at=now - timedelta(hours=2),
        failing_since=now - timedelta(hours=1),
    )
    unheard = make.subscription(workspace, name="Planilha", created_by=person)
    return Events(source, silent, subscription, unheard, _posted(subscription, ticket))


def _posted(subscription: Subscription, ticket: Ticket) -> EventDelivery:
    """One on its way, one that arrived, and one that was given up."""
    now = timezone.now()
    states = (("due", "http_503", 2), ("delivered", "", 1), ("failed", "http_500", 10))
    for place, (state, reason, attempts) in enumerate(states):
        at = now - timedelta(minutes=50 + 40 * place)
        last = make.delivery(
            subscription,
            number=place,
            ticket=ticket,
            kind="ticket.resolved" if state == "delivered" else "ticket.updated",
            state=state,
            reason=reason,
            attempts=attempts,
            created_at=at,
            since=at,
            next_at=now + timedelta(hours=2),
            settled_at=None if state == "due" else at + timedelta(minutes=5),
        )
    for minutes in (1, 40):
        make.attempt(
            last,
            at=last.created_at + timedelta(minutes=minutes),
            request=_SAID,
            response=_HEARD,
        )
    make.attempt(
        last, status=None, error="answer_timeout", elapsed_ms=10_004, request=_SAID
    )
    return last


def lose(workspace: Workspace) -> Subscription:
    """One whose receiver asked for no more, which admins are told."""
    return make.subscription(
        workspace,
        name="Loja virtual antiga",
        is_active=False,
        stop_reason="gone",
        stopped_at=timezone.now() - timedelta(hours=2),
    )
