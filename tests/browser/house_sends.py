"""Sends of every state, over a week, for a shop of the browser tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.models import Channel
from integrations.providers.base.outgoing import Template
from tests.factories import whatsapp as make
from whatsapp.models import (
    Breaker,
    ChannelPace,
    Conversation,
    OutboxEntry,
    StatusEvent,
)

_TEXTS = (
    "Seu pedido já saiu do forno e vai chegar quentinho em uns 20 minutos.",
    "Bom dia! O pão de fermentação natural sai às 7h e às 16h.",
    "Obrigada pela compra. Até a próxima!",
)
_FATES = ("read", "read", "delivered", "sent", "delivered", "read", "accepted")


def send_week(
    talks: Sequence[Conversation], now: datetime
) -> tuple[OutboxEntry, OutboxEntry]:
    """What a shop sends in a week; of it one that failed and one that is unconfirmed."""
    channel = talks[0].channel
    for number in range(64):
        talk = talks[number % len(talks)]
        make.send(
            channel,
            text=_TEXTS[number % 3],
            to=_phone(talk, number % len(talks)),
            thread=talk,
            at=now - timedelta(hours=2 * number + 1, minutes=number % 50),
            delivery=_FATES[number % 7],
        )
    for number, (state, reason) in enumerate(
        (("due", "130429"), ("failed", "window_closed"), ("dropped", "dropped"))
    ):
        make.send(
            channel,
            text=_TEXTS[number],
            thread=talks[0],
            at=now - timedelta(minutes=4 + number),
            state=state,
            reason=reason,
            next_at=now + timedelta(minutes=1),
        )
    make.send(
        channel,
        content=Template("pedido_pronto", "pt_BR"),
        text="Oi, Ana! Seu pedido 1042 está pronto.",
        to="5521999998888",
        at=now - timedelta(minutes=9),
        delivery="delivered",
    )
    failed = make.send(
        channel,
        text=_TEXTS[0],
        thread=talks[0],
        at=now - timedelta(minutes=12),
        delivery="failed",
        reason="131026",
        detail="Message undeliverable",
        attempts=2,
    )
    _tell(failed)
    doubtful = make.send(
        channel,
        text=_TEXTS[1],
        thread=talks[0],
        at=now - timedelta(minutes=3),
        state="uncertain",
        reason="answer_timeout",
        settled_at=None,
    )
    return failed, doubtful


def _phone(talk: Conversation, place: int) -> str:
    return f"551198765432{place}"


def _tell(entry: OutboxEntry) -> None:
    for seconds, status in enumerate(("accepted", "sent", "failed"), 1):
        at = entry.created_at + timedelta(seconds=seconds)
        StatusEvent.objects.create(
            workspace=entry.workspace,
            message=entry.message,
            status=status,
            provider_at=at,
            received_at=at + timedelta(milliseconds=350),
            error_code="131026" if status == "failed" else "",
        )


def hold_back(channel: Channel) -> None:
    """Somebody paused the number, and its provider does not answer."""
    assert channel.integration is not None
    ChannelPace.objects.create(
        workspace=channel.workspace,
        channel=channel,
        next_turn_at=timezone.now(),
        is_paused=True,
    )
    Breaker.objects.create(
        workspace=channel.workspace,
        integration=channel.integration,
        failures=8,
        opened_at=timezone.now() - timedelta(minutes=25),
        reason="connect_timeout",
    )
