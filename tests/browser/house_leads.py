"""The shop's leads: what was said, who may be one person, and what their links brought."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.models import Channel
from tests.factories import whatsapp as make
from whatsapp import tokens
from whatsapp.models import Conversation, Lead, LinkTest, Touch, TrackedLink


def talk(conversation: Conversation) -> None:
    at = timezone.now() - timedelta(days=1)
    times: dict[str, Any] = {"provider_at": at, "received_at": at, "stored_at": at}
    make.message(
        conversation,
        text="Oi! O pão de fermentação natural sai a que horas?",
        external_id="m1",
        **times,
    )
    make.message(
        conversation,
        text="Às 7h e às 16h. Quer que eu separe um?",
        direction="outbound",
        status="read",
        target_id="m1",
        **times,
    )
    picture = make.message(conversation, kind="image", text="Este aqui", **times)
    make.media(picture, filename="pao.jpg", size=48_213, state="stored")
    make.message(
        conversation,
        kind="location",
        text="",
        content={"latitude": -23.55, "longitude": -46.63},
        **times,
    )
    make.message(
        conversation,
        text="Combinado, até amanhã!",
        direction="outbound",
        status="failed",
        error_code="131047",
        **times,
    )
    make.message(conversation, kind="reaction", text="👍", target_id="m1", **times)


def others_of(lead: Lead) -> tuple[Lead, Lead]:
    """Two more leads of one person: one that is known to be, one that may be."""
    before = timezone.now() - timedelta(days=40)
    merged = make.lead(lead.workspace, name="Ana L.", created_at=before)
    make.identity(merged, kind="lid", value="37830675939455@lid")
    make.note(merged, text="Pediu orçamento de bolo.")
    twin = make.lead(
        lead.workspace, name="Aninha", email="ana.lima@example.com", created_at=before
    )
    make.identity(twin, value="5521912345678")
    lead.email = twin.email
    lead.save(update_fields=["email"])
    return merged, twin


def follow(link: TrackedLink, phone: Channel, talks: list[Conversation]) -> LinkTest:
    """Clicks of four weeks, one of them a sale; what the check found; a test under way."""
    now = timezone.now()
    for day in range(28):
        for _ in range((day * 5) % 7):
            Touch.objects.create(
                workspace=link.workspace,
                kind="link",
                link=link,
                token=tokens.new_token(),
                occurred_at=now - timedelta(days=day),
                utm_source="instagram",
            )
    for place, talk in enumerate(talks):
        if talk.lead.attribution and talk.lead.attribution.touch:
            click = talk.lead.attribution.touch
            click.token, click.occurred_at = tokens.new_token(), now - timedelta(days=3)
            click.save()
        talk.lead.stage = ("Ganho", "Proposta")[place % 2]
        talk.lead.save()
    link.landing_url = "https://padaria.example/promo"
    make.link_check(link, words=link.landing_url)
    return make.link_test(
        link, phone, words="Oi! Vi na bio.\nvm_token:7GK2M9XQ4C", started_at=now
    )
