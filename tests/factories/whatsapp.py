"""Rows of room 2 for tests; each saves and returns one.

Only what a page reads is kept consistent: counters and previews are given, not computed.
"""

from datetime import UTC, datetime
from typing import Any

from accounts.models import Workspace
from integrations.models import Channel
from whatsapp.folding import fold
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    LeadNote,
    MediaAsset,
    Message,
    Touch,
    TrackedLink,
)

NOON = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def lead(workspace: Workspace, *, name: str = "Ana Lima", **fields: Any) -> Lead:
    values = {"name": name, "search_text": fold(name), "created_at": NOON} | fields
    return Lead.objects.create(workspace=workspace, **values)


def identity(
    lead: Lead, *, value: str = "5511987654321", kind: str = "phone", **fields: Any
) -> Identity:
    is_number = kind in ("phone", "wa_id")
    values = {
        "match_key": f"{'p' if is_number else kind}:{value}",
        "source": "message",
        "first_seen_at": NOON,
        "last_seen_at": NOON,
    } | fields
    return Identity.objects.create(
        workspace=lead.workspace, lead=lead, kind=kind, value=value, **values
    )


def link(
    channel: Channel, *, slug: str = "instagram-bio", **fields: Any
) -> TrackedLink:
    return TrackedLink.objects.create(
        workspace=channel.workspace, channel=channel, slug=slug, **fields
    )


def touch(lead: Lead, *, kind: str = "link", **fields: Any) -> Touch:
    values = {"occurred_at": NOON} | fields
    return Touch.objects.create(
        workspace=lead.workspace, lead=lead, kind=kind, **values
    )


def attribution(
    lead: Lead, *, touch: Touch | None = None, **fields: Any
) -> Attribution:
    """A verdict that counts from now on."""
    values = {
        "rule": "token" if touch else "anonymous",
        "confidence": "certain" if touch else "none",
        "decided_at": NOON,
    } | fields
    verdict = Attribution.objects.create(
        workspace=lead.workspace, lead=lead, touch=touch, **values
    )
    lead.attribution = verdict
    lead.save(update_fields=["attribution"])
    return verdict


def note(lead: Lead, *, text: str = "Ligar amanhã", **fields: Any) -> LeadNote:
    values = {"created_at": NOON} | fields
    return LeadNote.objects.create(
        workspace=lead.workspace, lead=lead, text=text, **values
    )


def conversation(lead: Lead, channel: Channel, **fields: Any) -> Conversation:
    values = {
        "last_message_at": NOON,
        "last_direction": "inbound",
        "preview": "Oi",
        "message_count": 1,
        "created_at": NOON,
    } | fields
    return Conversation.objects.create(
        workspace=lead.workspace, lead=lead, channel=channel, **values
    )


def message(
    conversation: Conversation,
    *,
    text: str = "Oi",
    direction: str = "inbound",
    kind: str = "text",
    **fields: Any,
) -> Message:
    values = {
        "provider_at": NOON,
        "received_at": NOON,
        "stored_at": NOON,
        "search_text": fold(text),
    } | fields
    return Message.objects.create(
        workspace=conversation.workspace,
        conversation=conversation,
        channel=conversation.channel,
        text=text,
        direction=direction,
        kind=kind,
        **values,
    )


def media(message: Message, *, kind: str = "image", **fields: Any) -> MediaAsset:
    return MediaAsset.objects.create(
        workspace=message.workspace,
        message=message,
        kind=kind,
        **({"created_at": NOON} | fields),
    )
