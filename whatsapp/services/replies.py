"""Answering in a conversation: everything is checked first, then promised to the outbox.

What may not be sent is refused with the field and the reason, and nothing is promised. The
composer's draft key makes a form that is sent twice one message.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from accounts.scoping import inside
from integrations import explanations, gateway, sendable
from integrations.models import Channel, IntegrationStatus
from integrations.providers.base.catalogue import NextAction
from integrations.providers.base.errors import ContentRefused, Unsupported
from integrations.providers.base.outgoing import (
    Content,
    MessageRef,
    Template,
    Text,
    kind_of,
)
from integrations.providers.base.types import Party
from whatsapp.models import Conversation, ConversationState, Message
from whatsapp.models import Template as TemplateRow
from whatsapp.selectors import recipients
from whatsapp.services import handling, opt_outs, outbox, pauses
from whatsapp.services.outbox_checks import Facts, Refusal, TemplateFacts, refusal_of
from whatsapp.services.people import peer_key

# Reasons of this module's own; the others are outbox_checks.Refusal and the words by which
# base.limits refuses a content.
NUMBER_PAUSED = "number_paused"
NOBODY_THERE = "recipient_missing"
OUT_OF_REACH = "out_of_reach"
ANOTHER_IS_OPEN = "another_is_open"
DRAFT_USED = "draft_used"
TARGET_GONE = "target_gone"


class ReplyRefused(ValueError):
    """Nothing was promised. `field` names what cannot be so: text, file, template, person,
    number, reply_to or draft; `reason` is a word, `code` the provider's where there is one.

    `most` is the limit that was passed, and `place` the content in the sequence.
    """

    def __init__(
        self,
        field: str,
        reason: str,
        *,
        code: str = "",
        most: int | None = None,
        place: int = 0,
    ) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.code = code
        self.most = most
        self.place = place


_FIELDS = {
    Refusal.NUMBER_GONE: "number",
    Refusal.NUMBER_DISCONNECTED: "number",
    Refusal.CANNOT_SEND: "number",
    Refusal.NOTHING_TO_SEND: "text",
    Refusal.WINDOW_CLOSED: "text",
    Refusal.TEMPLATE_UNKNOWN: "template",
    Refusal.TEMPLATE_NOT_APPROVED: "template",
    Refusal.TEMPLATE_INCOMPLETE: "template",
    Refusal.OPTED_OUT: "person",
}


def reply(
    conversation: Conversation,
    contents: Sequence[Content],
    *,
    draft_key: uuid.UUID,
    actor: User,
    now: datetime,
    reply_to: int | None = None,
    text: str = "",
    shown: Mapping[str, Any] | None = None,
    ip: str | None = None,
) -> list[outbox.Promise]:
    """Promise these, in their order, to the conversation's person; ReplyRefused if it cannot.

    `reply_to` is the id of a message of this conversation, quoted by the first content.
    `text` is what the thread shows of a template, `shown` its other parts. The same draft again returns what its
    first time promised. A closed conversation is opened by it.
    """
    workspace_id = conversation.workspace_id
    with inside(workspace_id):
        told = [text or outbox.text_of(one) for one in contents]
        known = _already_promised(conversation, draft_key, contents, told)
        if known:
            return known
        if not contents:
            raise ReplyRefused("text", Refusal.NOTHING_TO_SEND)
        person = recipients.party_of(conversation)
        check(conversation, contents, person=person, now=now)
        assert person is not None  # noqa: S101  # checked
        quoted = None if reply_to is None else find_target(conversation, reply_to)
        _open(conversation, actor=actor, ip=ip)
        drafts = [
            outbox.Draft(
                business_key=_key(draft_key, place),
                channel_id=conversation.channel_id,
                recipient=person,
                content=content,
                text=text,
                shown=shown or {},
                conversation_id=conversation.pk,
                reply_to=quoted if place == 0 else None,
                author_id=actor.pk,
            )
            for place, content in enumerate(contents)
        ]
        return outbox.enqueue_many(workspace_id, drafts, now=now)


def check(
    conversation: Conversation,
    contents: Sequence[Content],
    *,
    person: Party | None,
    now: datetime,
    is_repeat: bool = False,
) -> None:
    """Raise ReplyRefused with the first reason against sending these now.

    `is_repeat`: a message that failed is tried again, which is how one finds out whether a
    person can be reached by now.
    """
    check_contents(
        conversation.channel,
        contents,
        person=person,
        last_inbound_at=last_heard(conversation),
        now=now,
    )
    code = "" if is_repeat else _code_out_of_reach(conversation)
    if code:
        raise ReplyRefused("person", OUT_OF_REACH, code=code)


def check_contents(
    channel: Channel,
    contents: Sequence[Content],
    *,
    person: Party | None,
    last_inbound_at: datetime | None,
    now: datetime,
) -> None:
    """As `check`, of somebody with whom there may be no conversation yet."""
    if person is None:
        raise ReplyRefused("person", NOBODY_THERE)
    silence = opt_outs.scopes_for(
        channel.workspace_id, peer_key=peer_key(person), channel_id=channel.pk
    )
    for place, content in enumerate(contents):
        facts = Facts(
            content=content,
            is_bulk=False,
            channel_state=channel.state,
            is_connected=channel.is_active and channel.integration is not None,
            capabilities=gateway.capabilities_of(channel.provider),
            last_inbound_at=last_inbound_at,
            template=_template_facts(channel, content),
            opt_outs=silence,
        )
        reason = refusal_of(facts, now=now)
        if reason is not None:
            raise ReplyRefused(_FIELDS[reason], reason, place=place)
        _check_content(channel, content, place)
    if is_account_paused(channel) or pauses.is_paused(channel):
        raise ReplyRefused("number", NUMBER_PAUSED)


def find_target(conversation: Conversation, message_id: int) -> MessageRef:
    """A message of this conversation as the provider knows it, to quote or react to."""
    message = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(pk=message_id, conversation=conversation)
        .first()
    )
    if message is None or message.external_id is None:
        raise ReplyRefused("reply_to", TARGET_GONE)
    return MessageRef(
        external_id=message.external_id,
        is_ours=message.direction == "outbound",
        second_id=message.second_id,
    )


def find_template(channel: Channel, name: str, language: str) -> TemplateRow | None:
    """As the provider has it now for this number's account."""
    found: TemplateRow | None = (
        TemplateRow.objects.for_workspace(channel.workspace_id)
        .filter(
            integration=channel.integration_id,
            name=name,
            language=language,
            gone_at=None,
        )
        .first()
    )
    return found


def last_heard(conversation: Conversation) -> datetime | None:
    """When the person last wrote to this number, by the provider's clock.

    Also in an earlier conversation with it, as the claim sees it.
    """
    told: datetime | None = (
        Conversation.objects.for_workspace(conversation.workspace_id)
        .filter(lead=conversation.lead_id, channel=conversation.channel_id)
        .aggregate(at=Max("last_inbound_at"))["at"]
    )
    return told


def is_account_paused(channel: Channel) -> bool:
    integration = channel.integration
    return integration is not None and integration.status == IntegrationStatus.PAUSED


def _check_content(channel: Channel, content: Content, place: int) -> None:
    try:
        sendable.check(channel.provider, content)
    except ContentRefused as error:
        raise ReplyRefused(
            error.field, error.code, most=error.most, place=place
        ) from None
    except Unsupported as error:
        field = "text" if isinstance(content, Text) else "file"
        raise ReplyRefused(field, error.code, place=place) from None


def _template_facts(channel: Channel, content: Content) -> TemplateFacts | None:
    if not isinstance(content, Template):
        return None
    row = find_template(channel, content.name, content.language)
    return TemplateFacts(row.status, row.category, row.parameters) if row else None


def _code_out_of_reach(conversation: Conversation) -> str:
    """Of the last message, when it failed because the person cannot be reached at all.

    It counts until they write, or until that message is sent again.
    """
    newest = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(conversation=conversation)
        .order_by("-provider_at", "-pk")
        .first()
    )
    if newest is None or newest.direction != "outbound" or newest.status != "failed":
        return ""
    found = explanations.find_entry(conversation.channel.provider, newest.error_code)
    is_out = found is not None and found.action is NextAction.CHECK_NUMBER
    return newest.error_code if is_out else ""


def _open(conversation: Conversation, *, actor: User, ip: str | None) -> None:
    """Whoever answers in a closed conversation goes on with it."""
    if conversation.state != ConversationState.CLOSED:
        return
    try:
        handling.reopen(conversation, actor=actor, ip=ip)
    except handling.AnotherIsOpen:
        raise ReplyRefused("draft", ANOTHER_IS_OPEN) from None


def _already_promised(
    conversation: Conversation,
    draft_key: uuid.UUID,
    contents: Sequence[Content],
    shown: Sequence[str],
) -> list[outbox.Promise]:
    """What this draft became the first time; another text under its key is no second time."""
    keys = [_key(draft_key, place) for place in range(max(1, len(contents)))]
    known = {
        row.idempotency_key: row
        for row in Message.objects.for_workspace(conversation.workspace_id).filter(
            conversation=conversation, idempotency_key__in=keys
        )
    }
    if not known:
        return []
    told = [
        (kind_of(one).value, text) for one, text in zip(contents, shown, strict=True)
    ]
    rows = [known[key] for key in keys if key in known]
    if [(row.kind, row.text) for row in rows] != told:
        raise ReplyRefused("draft", DRAFT_USED)
    return [outbox.Promise(row.pk, is_new=False) for row in rows]


def _key(draft_key: uuid.UUID, place: int) -> str:
    return f"reply:{draft_key.hex}:{place}"
