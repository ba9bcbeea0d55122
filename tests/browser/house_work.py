"""The shop's tickets and clients, as the browser looks at them."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from tests.factories import tickets as make
from tickets.models import Client, EventSource, NotificationRule, Ticket
from tickets.notification_texts import DEFAULTS
from tickets.services import tickets
from tickets.services.tickets import By
from whatsapp import template_preview
from whatsapp.models import Conversation, Message, Template
from whatsapp.phones import match_key_for_phone

_WORK = (
    ("Bolo de aniversário para sábado", "urgent", "open"),
    ("Nota fiscal da encomenda de fevereiro", "normal", "waiting"),
    ("Entrega atrasada no Jardim América", "high", "resolved"),
    ("Troca de forma quebrada", "low", "closed"),
)


def open_up(talk: Conversation, person: User) -> tuple[Ticket, Client, Client]:
    """A ticket with a past, four more, their client, and one who is not linked to a lead."""
    workspace, now = talk.workspace, timezone.now()
    phone = "+5511987654320"
    client = make.client(
        workspace,
        name="Ana Lima",
        phone=phone,
        match_key=match_key_for_phone(phone),
        email="ana.lima@example.com",
        oauth_id="usr_4821",
        lead=talk.lead,
    )
    unlinked = make.client(workspace, name="Bruno Sá", email="bruno@example.com")
    ticket = tickets.open_ticket(
        workspace,
        title="Pão de fermentação natural veio queimado",
        description="Comprou dois na terça, um veio queimado. Quer trocar ou receber de volta.",
        priority="high",
        client=client,
        conversation=talk,
        external_url="https://erp.example.com/pedidos/4821",
        by=By(person),
        now=now - timedelta(days=3),
    )
    _past(ticket, person)
    for place, (title, priority, status) in enumerate(_WORK):
        at = now - timedelta(hours=5 * (place + 1))
        other = tickets.open_ticket(
            workspace,
            title=title,
            priority=priority,
            client=client if place % 2 else unlinked,
            by=By(person),
            now=at,
        )
        tickets.change(other, {"status": status}, by=By(person), now=at)
    return ticket, client, unlinked


def tell(
    ticket: Ticket, template: Template, messages: Sequence[Message]
) -> NotificationRule:
    """The usual texts in use, one with a template, and tellings by several ways."""
    workspace, now = ticket.workspace, timezone.now()
    for event, known in DEFAULTS.items():
        for language, text in known.items():
            make.rule(workspace, event=event, language=language, text=text)
    make.rule(workspace, event="replied", audience="assignee", text="{comentário}")
    rules = NotificationRule.objects.for_workspace(workspace)
    rule: NotificationRule = rules.get(event="waiting", language="pt-br")
    rule.template = template
    rule.template_values = {
        template_preview.field_of(gap): "{nome}" for gap in template.parameters
    }
    rule.save()
    off = rules.filter(event="closed", language="en")
    off.update(is_active=False)
    common = {"text": rule.text, "created_at": now - timedelta(hours=2)}
    for message in messages:
        make.notification(ticket, rule, path="free_text", message=message, **common)
    make.notification(ticket, rule, path="skipped", reason="told_before")
    make.notification(ticket, rule, path="nobody", reason="window_closed", **common)
    return rule


def _past(ticket: Ticket, person: User) -> None:
    now, by = timezone.now(), By(person)
    tickets.change(
        ticket,
        {"assignee_id": person.pk, "priority": "urgent"},
        by=by,
        now=now - timedelta(days=2, hours=5),
    )
    tickets.comment(
        ticket,
        text="Forno 2 está sem termostato, já foi chamado o técnico.",
        is_public=False,
        by=by,
        now=now - timedelta(days=2),
    )
    tickets.comment(
        ticket,
        text="Oi, Ana! Desculpe pelo transtorno. Separamos outro pão para você.",
        is_public=True,
        by=by,
        now=now - timedelta(days=1, hours=20),
    )
    tickets.change(
        ticket, {"status": "waiting"}, by=by, now=now - timedelta(days=1, hours=19)
    )
    tickets.take_answer(
        ticket,
        text="Obrigada! Passo aí amanhã de manhã.",
        by=By(source=EventSource.CLIENT),
        now=now - timedelta(hours=20),
    )
