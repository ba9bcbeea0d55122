"""Rows of room 2 for tests; each saves and returns one.

Only what a page reads is kept consistent: counters and previews are given, not computed.
"""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User, Workspace
from integrations.models import Channel
from integrations.providers.base.outgoing import Content, OutgoingMessage, Text
from integrations.providers.base.outgoing_json import dump_message
from integrations.providers.base.reader import Reader
from integrations.providers.base.templates import gaps_of
from integrations.providers.base.types import Party
from whatsapp.folding import fold
from whatsapp.models import (
    Attribution,
    CannedReply,
    Conversation,
    Identity,
    Lead,
    LeadMerge,
    LeadNote,
    LinkCheck,
    LinkTest,
    MediaAsset,
    Message,
    OptOut,
    OutboxEntry,
    Template,
    TemplateChange,
    Touch,
    TrackedLink,
    WaitingStatus,
)
from whatsapp.services import merging, templates

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


def link_check(
    link: TrackedLink,
    *,
    code: str = "landing_status",
    words: str = "https://padaria.example/",
) -> LinkCheck:
    """The daily check found this, and says so on the link."""
    found = [{"code": code, "values": {"url": words, "status": 404}}]
    link.check_state, link.findings, link.checked_at = "broken", found, NOON
    link.save()
    return LinkCheck.objects.create(
        workspace=link.workspace, link=link, at=NOON, state="broken", findings=found
    )


def link_test(
    link: TrackedLink, phone: Channel, *, words: str = "Oi!", **fields: Any
) -> LinkTest:
    """A test that came as far as the text."""
    steps = [
        {"name": name, "state": "done", "at": NOON.isoformat(), "ms": 12, "told": told}
        for name, told in (
            ("click", "https://wa.me/"),
            ("redirect", ""),
            ("text", words),
        )
    ]
    values = {"steps": steps, "started_at": NOON} | fields
    return LinkTest.objects.create(
        workspace=link.workspace, link=link, channel=phone, **values
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


def send(
    channel: Channel,
    *,
    text: str = "Já saiu para entrega",
    to: str = "5511987654321",
    thread: Conversation | None = None,
    at: datetime = NOON,
    content: Content | None = None,
    status: str = "",
    **fields: Any,
) -> OutboxEntry:
    """A promise as the outbox keeps it, accepted unless told otherwise; `status` is the
    message's where it is another than the row's delivery."""
    token = uuid.uuid4().hex
    values = {
        "state": "accepted",
        "business_key": f"test:{token}",
        "callback_token": token,
        "attempts": 1,
        "next_at": at,
        "submitted_at": at,
        "settled_at": at,
    } | fields
    said = Message.objects.create(
        workspace=channel.workspace,
        channel=channel,
        conversation=thread,
        direction="outbound",
        kind="text" if content is None else "template",
        text=text,
        search_text=fold(text),
        peer_key=f"p:{to}",
        callback_token=token,
        idempotency_key=str(values["business_key"]),
        external_id=f"wamid.{token}" if values["state"] == "accepted" else None,
        status=status or str(values.get("delivery", "") or "accepted"),
        error_code=str(values.get("reason", ""))[:40],
        provider_at=at,
        received_at=at,
        stored_at=at,
    )
    entry = OutboxEntry.objects.create(
        workspace=channel.workspace,
        channel=channel,
        message=said,
        peer_key=f"p:{to}",
        payload=dump_message(
            OutgoingMessage(
                recipient=Party(wa_id=to),
                content=content or Text(text),
                callback_token=token,
                idempotency_key=token,
            )
        ),
        **values,
    )
    # `auto_now_add` knows no other moment than now.
    OutboxEntry.objects.for_workspace(channel.workspace_id).filter(pk=entry.pk).update(
        created_at=at
    )
    entry.refresh_from_db()
    return entry


def opt_out(workspace: Workspace, *, peer_key: str, **fields: Any) -> OptOut:
    values = {"scope": "all", "source": "word", "told_at": NOON} | fields
    return OptOut.objects.create(workspace=workspace, peer_key=peer_key, **values)


def canned_reply(
    workspace: Workspace, *, name: str = "preço", text: str = "Sai por R$ 45."
) -> CannedReply:
    return CannedReply.objects.create(
        workspace=workspace, name=name, text=text, created_at=NOON, updated_at=NOON
    )


def merge(
    gone: Lead, *, into: Lead, actor: User, reason: str = "É a mesma pessoa"
) -> LeadMerge:
    """Everything of `gone` changes hands, as it does when a member says so."""
    return merging.merge(gone, into=into, reason=reason, actor=actor, now=NOON)


def echo(channel: Channel, wa_id: str, *, at: datetime, **fields: Any) -> Message:
    """What was sent from the phone to somebody of whom nothing came in."""
    values = {
        "direction": "outbound",
        "origin": "echo",
        "kind": "text",
        "text": "Oi!",
        "peer_key": f"p:{wa_id}",
        "external_id": f"echo-{channel.pk}-{wa_id}-{at.timestamp()}",
        "provider_at": at,
        "received_at": at,
        "stored_at": at,
    } | fields
    return Message.objects.create(
        workspace=channel.workspace, channel=channel, **values
    )


def receipt(channel: Channel, wa_id: str, *, at: datetime) -> WaitingStatus:
    """A status of a message that we never saw."""
    return WaitingStatus.objects.create(
        workspace=channel.workspace,
        channel=channel,
        external_id=f"of-{channel.pk}-{wa_id}-{at.timestamp()}",
        status="read",
        peer_key=f"p:{wa_id}",
        provider_at=at,
        received_at=at,
    )


def media(message: Message, *, kind: str = "image", **fields: Any) -> MediaAsset:
    return MediaAsset.objects.create(
        workspace=message.workspace,
        message=message,
        kind=kind,
        **({"created_at": NOON} | fields),
    )


def stored_media(
    message: Message,
    *,
    kind: str = "image",
    content: bytes = b"the file",
    mime: str = "image/png",
    preview: bytes = b"its preview",
    **fields: Any,
) -> MediaAsset:
    """A file that was fetched, and the picture that was made of it."""
    key = default_storage.save(f"media/made/{message.pk}", ContentFile(content))
    shown = preview and default_storage.save(f"{key}-preview", ContentFile(preview))
    values = {
        "state": "stored",
        "mime_told": mime,
        "mime_sniffed": mime,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "storage_key": key,
        "preview_key": shown or "",
    } | fields
    return media(message, kind=kind, **values)


def template(
    channel: Channel,
    *,
    name: str = "pedido_enviado",
    body: str = "Olá, {{1}}! Seu pedido {{2}} saiu para entrega.",
    components: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Template:
    """An approved one of the number's account; its gaps are read from its text."""
    parts = components or [{"type": "BODY", "text": body}]
    gaps = gaps_of([Reader(one) for one in parts])
    values = {
        "language": "pt_BR",
        "category": "utility",
        "status": "approved",
        "provider_status": "APPROVED",
        "status_at": NOON,
        "synced_at": NOON,
        "components": parts,
        "parameters": templates.dump_gaps(gaps),
    } | fields
    assert channel.integration is not None
    return Template.objects.create(
        workspace=channel.workspace,
        integration=channel.integration,
        name=name,
        **values,
    )


def template_change(template: Template, **fields: Any) -> TemplateChange:
    """A change of its contract that left a message in the queue behind."""
    values = {
        "kind": "contract",
        "source": "sync",
        "told_at": NOON,
        "noted_at": NOON,
        "is_breaking": True,
        "details": {"affected": [{"user": "queued", "count": 1, "name": ""}]},
    } | fields
    return TemplateChange.objects.create(
        workspace=template.workspace, template=template, **values
    )
