"""Promising what another system asks for: placed, checked as an answer is, promised once.

The checks are those of the composer (`replies`); nothing is promised when one of them says
no. Whoever repeats a request under its key gets the first one's promise.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Case, Value, When

from accounts.models import Workspace
from accounts.scoping import inside
from integrations import explanations
from integrations.models import Channel
from integrations.providers.base.catalogue import NextAction
from integrations.providers.base.outgoing import Content, MessageRef, Template
from integrations.providers.base.types import Party
from whatsapp import phones, template_filling, template_preview
from whatsapp.api_bodies import Asked, TemplateAsked
from whatsapp.models import Conversation, Identity, Message, OutboxEntry, Shown
from whatsapp.selectors import own_numbers, recipients
from whatsapp.services import outbox, replies
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.people import peer_key
from whatsapp.services.replies import ReplyRefused
from whatsapp.template_preview import Preview

UNKNOWN_CHANNEL: Final = "unknown_channel"
CHANNEL_NEEDED: Final = "channel_needed"
UNKNOWN_CONVERSATION: Final = "unknown_conversation"
NOT_A_NUMBER: Final = "not_a_phone_number"
# A number without WhatsApp may have one tomorrow.
_UNREACHABLE_FOR: Final = timedelta(hours=24)


class KeyReused(Exception):
    """The idempotency key stands for another request."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes, and to whom exactly."""

    channel: Channel
    conversation: Conversation | None
    person: Party | None


def find_repeated(
    workspace: Workspace, *, business_key: str, digest: str
) -> OutboxEntry | None:
    """What this key promised the first time. Raises KeyReused."""
    known: OutboxEntry | None = (
        OutboxEntry.objects.for_workspace(workspace)
        .filter(business_key=business_key)
        .first()
    )
    if known is not None and known.request_digest != digest:
        raise KeyReused(business_key)
    return known


def send(
    workspace: Workspace,
    asked: Asked,
    *,
    business_key: str,
    digest: str,
    now: datetime,
    author_id: int | None = None,
) -> OutboxEntry:
    """Promise it. Raises ReplyRefused, template_filling.Unfilled or KeyReused."""
    with inside(workspace.pk):
        place = _place(workspace, asked)
        content, shown = _content(place.channel, asked)
        _check(place, content, now=now)
        assert place.person is not None  # noqa: S101  # checked
        draft = outbox.Draft(
            business_key=business_key,
            channel_id=place.channel.pk,
            recipient=place.person,
            content=content,
            text=shown.body_text if shown else "",
            shown=shown.shown if shown else {},
            conversation_id=place.conversation.pk if place.conversation else None,
            reply_to=_quoted(place, asked.reply_to) if asked.reply_to else None,
            author_id=author_id,
            is_bulk=asked.is_bulk,
        )
        promise = outbox.enqueue(workspace.pk, draft, now=now)
        entries = OutboxEntry.objects.for_workspace(workspace)
        if promise.is_new:
            entries.filter(message=promise.message_id).update(request_digest=digest)
        entry: OutboxEntry = entries.get(message=promise.message_id)
        if entry.request_digest != digest:
            raise KeyReused(business_key)
        return entry


def _place(workspace: Workspace, asked: Asked) -> Place:
    active = list(
        Channel.objects.for_workspace(workspace)
        .filter(is_active=True)
        .select_related("integration")
        .order_by("pk")
    )
    channel = _channel(active, asked.channel) if asked.channel else None
    if asked.conversation is not None:
        return _in_conversation(workspace, asked.conversation, channel)
    if channel is None:
        if len(active) != 1:
            raise ReplyRefused("number", CHANNEL_NEEDED)
        [channel] = active
    written = phones.digits(asked.to)
    if not written or any(one.isalpha() for one in asked.to):
        raise ReplyRefused("person", NOT_A_NUMBER)
    number = phones.from_international(asked.to)
    # Whoever wrote has a number, whatever is known of their country's.
    thread = _thread_of(channel, number or written)
    if thread is not None:
        return Place(channel, thread, recipients.party_of(thread))
    if number is None:
        raise ReplyRefused("person", NOT_A_NUMBER)
    return Place(channel, None, Party(wa_id=phones.wa_id(number, written=asked.to)))


def _channel(active: Sequence[Channel], told: str) -> Channel:
    channel = own_numbers.pick(active, told)
    if channel is None:
        raise ReplyRefused("number", UNKNOWN_CHANNEL)
    return channel


def _in_conversation(
    workspace: Workspace, key: uuid.UUID, channel: Channel | None
) -> Place:
    thread = (
        Conversation.objects.for_workspace(workspace)
        .select_related("channel__integration", "lead")
        .filter(key=key)
        .first()
    )
    if thread is None:
        raise ReplyRefused("conversation", UNKNOWN_CONVERSATION)
    if channel is not None and channel != thread.channel:
        raise ReplyRefused("number", UNKNOWN_CHANNEL)
    return Place(thread.channel, thread, recipients.party_of(thread))


def _thread_of(channel: Channel, number: str) -> Conversation | None:
    """The open conversation with whoever has this number, else the newest one."""
    leads = (
        Identity.objects.for_workspace(channel.workspace_id)
        .filter(match_key=phones.match_key_for_phone(number))
        .values("lead")
    )
    found: Conversation | None = (
        Conversation.objects.for_workspace(channel.workspace_id)
        .select_related("channel__integration", "lead")
        .filter(channel=channel, lead__in=leads)
        .order_by(
            Case(When(state="open", then=Value(0)), default=Value(1)),
            "-last_message_at",
            "-pk",
        )
        .first()
    )
    return found


def _content(channel: Channel, asked: Asked) -> tuple[Content, Preview | None]:
    """And how a template looks then, for the thread."""
    wanted = asked.content
    if not isinstance(wanted, TemplateAsked):
        return wanted, None
    row = replies.find_template(channel, wanted.name, wanted.language)
    if row is None:
        raise ReplyRefused("template", Refusal.TEMPLATE_UNKNOWN)
    filled = template_filling.components(row.parameters, wanted.parameters)
    values = template_filling.texts(row.parameters, wanted.parameters)
    return (
        Template(wanted.name, wanted.language, filled),
        template_preview.of(row.components, values),
    )


def _check(place: Place, content: Content, *, now: datetime) -> None:
    if place.conversation is not None:
        replies.check(place.conversation, [content], person=place.person, now=now)
        return
    replies.check_contents(
        place.channel, [content], person=place.person, last_inbound_at=None, now=now
    )
    assert place.person is not None  # noqa: S101  # checked
    code = _code_out_of_reach(place.channel, peer_key(place.person), now=now)
    if code:
        raise ReplyRefused("person", replies.OUT_OF_REACH, code=code)


def _code_out_of_reach(channel: Channel, key: str, *, now: datetime) -> str:
    """Of the newest send to somebody who never wrote, when WhatsApp does not reach them."""
    newest = (
        OutboxEntry.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, peer_key=key, created_at__gte=now - _UNREACHABLE_FOR)
        .order_by("-created_at", "-pk")
        .first()
    )
    if newest is None or newest.shown != Shown.FAILED:
        return ""
    found = explanations.find_entry(channel.provider, newest.reason)
    is_out = found is not None and found.action is NextAction.CHECK_NUMBER
    return str(newest.reason) if is_out else ""


def _quoted(place: Place, external_id: str) -> MessageRef:
    """A message of this conversation, by the provider's id of it."""
    message = (
        Message.objects.for_workspace(place.channel.workspace_id)
        .filter(channel=place.channel, external_id=external_id)
        .first()
    )
    if (
        message is None
        or place.conversation is None
        or message.conversation_id != place.conversation.pk
    ):
        raise ReplyRefused("reply_to", replies.TARGET_GONE)
    return MessageRef(
        external_id=external_id,
        is_ours=message.direction == "outbound",
        second_id=message.second_id,
    )
