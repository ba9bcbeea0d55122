"""A shop at its counter: a conversation with answers in every state, and canned replies."""

import itertools
from datetime import timedelta

from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import Party
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from tests.walls import as_app
from whatsapp.models import CannedReply, Conversation, Message, OutboxEntry
from whatsapp.services import outbox

_numbers = itertools.count(1)
# Text, status, error code; state, reason and the provider's words of the outbox.
_ANSWERS = (
    ("Abrimos sim, até as 19h!", "read", "", "accepted", "", ""),
    (
        "Segue o preço",
        "failed",
        "131026",
        "accepted",
        "",
        "Message undeliverable",
    ),
    ("E o endereço", "unconfirmed", "", "uncertain", "answer_timeout", ""),
    ("Até já", "failed", "window_closed", "failed", "window_closed", ""),
    ("Já respondo", "queued", "", "due", "connect_failed", ""),
)
_CANNED = (
    ("preço", "Oi {primeiro_nome}, o bolo de fubá sai por R$ 45,00."),
    ("horário", "Abrimos de terça a sábado,\ndas 7h às 19h."),
)


def open_counter(
    workspace: Workspace,
) -> tuple[Conversation, Conversation, CannedReply]:
    """A conversation in its window, one whose window is closed, and a canned reply."""
    phone = make_numbers.sandbox_number(
        workspace, display_name="Balcão", state="connected"
    )
    talk = _talk(phone, "Ana Lima", timedelta(hours=3))
    for values in _ANSWERS:
        _answer(talk, *values)
    canned = [make.canned_reply(workspace, name=a, text=b) for a, b in _CANNED]
    return talk, _talk(phone, "Rita Sá", timedelta(hours=30)), canned[0]


def _talk(phone: Channel, name: str, heard: timedelta) -> Conversation:
    at = timezone.now() - heard
    number = f"5511955550{next(_numbers):03d}"
    lead = make.lead(phone.workspace, name=name)
    make.identity(lead, kind="wa_id", value=number)
    talk = make.conversation(lead, phone, last_inbound_at=at, last_message_at=at)
    make.message(
        talk,
        text="Oi! Vocês abrem hoje? Queria encomendar um bolo para sábado.",
        external_id=f"in-{talk.pk}",
        peer_key=f"p:{number}",
        provider_at=at,
    )
    return talk


def _answer(
    talk: Conversation,
    text: str,
    status: str,
    code: str,
    state: str,
    reason: str,
    said: str,
) -> None:
    draft = outbox.Draft(
        business_key=f"counter:{talk.pk}:{text}",
        channel_id=talk.channel_id,
        recipient=Party(wa_id="5511955550001"),
        content=Text(text),
        conversation_id=talk.pk,
    )
    now = timezone.now()
    with as_app(), workspace_transaction(talk.workspace_id):
        promise = outbox.enqueue(talk.workspace_id, draft, now=now)
    is_there = status in ("read", "failed")
    Message.objects.for_workspace(talk.workspace).filter(pk=promise.message_id).update(
        status=status,
        error_code=code,
        external_id=f"out-{promise.message_id}" if is_there else None,
    )
    OutboxEntry.objects.for_workspace(talk.workspace).filter(
        message=promise.message_id
    ).update(state=state, reason=reason, detail=said, next_at=now + timedelta(days=365))
