"""What attacks the pages of tickets, clients and templates."""

from datetime import timedelta

from django.utils import timezone

from integrations.models import Channel
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tickets.models import Client, NotificationRule, Ticket
from whatsapp.folding import fold
from whatsapp.models import Conversation, Template

ROWS = 60


def tickets_of(talk: Conversation, texts: list[str]) -> tuple[Ticket, Client]:
    """A ticket and a client for each of them; they have all said it in the first ticket."""
    workspace, now = talk.workspace, timezone.now()
    first = None
    for place, text in enumerate(texts[:ROWS]):
        client = make.client(
            workspace,
            name=text[:200].strip() or "x",
            email=f"{'e' * 60}@{'w' * 60}.example.com",
            oauth_id=f"{place}{text}"[:255],
            lead=talk.lead if place == 0 else None,
        )
        ticket = make.ticket(
            workspace,
            number=place + 1,
            title=text[:200].strip() or "x",
            description=text,
            search_text=fold(text),
            client=client,
            conversation=talk if place == 0 else None,
            external_url=f"https://example.com/{'W' * 400}",
            updated_at=now - timedelta(minutes=place),
        )
        first = first or (ticket, client)
    assert first is not None
    for place, text in enumerate(texts):
        make.entry(
            first[0],
            text=text,
            is_public=place % 2 == 0,
            source="client" if place % 3 == 0 else "system",
            details={"title": [text[:200], text[::-1][:200]]},
        )
    return first


def templates_of(phone: Channel, texts: list[str]) -> Template:
    """What a provider may tell of them; the first is the one that is looked at."""
    made = [
        make_talk.template(
            phone,
            name=f"{'w' * 500}_{place}" if place == 1 else f"ataque_{place}",
            components=[
                {"type": "HEADER", "format": "TEXT", "text": text[:60]},
                {"type": "BODY", "text": f"{{{{1}}}} {text}"},
                {"type": "FOOTER", "text": text[:60]},
            ],
            status="approved" if place == 0 else "rejected",
            reason=text[:100],
            external_id=f"sandbox-{place}",
        )
        for place, text in enumerate(texts[:ROWS])
    ]
    return made[0]


def notices_of(
    ticket: Ticket, template: Template, texts: list[str]
) -> NotificationRule:
    """A line of the table that says it, and whom it did not reach, for each of them."""
    rule = make.rule(
        ticket.workspace,
        text=texts[0],
        email_subject=texts[1][:200],
        email_body=texts[2],
        template=template,
        template_values={"body-1": texts[3]},
    )
    for text in texts[:ROWS]:
        make.notification(ticket, rule, path="nobody", reason=text[:200], text=text)
    return rule
