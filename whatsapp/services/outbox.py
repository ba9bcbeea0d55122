"""Promising a message: a row in the transaction of whoever wants it sent.

Nothing is sent here. `sending` claims what is due, submits it and records what came of it;
`unconfirmed` is what people do about sends whose outcome nobody knows.
"""

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts import bulk
from accounts.scoping import inside
from integrations.models import Channel
from integrations.providers.base.outgoing import (
    Buttons,
    Content,
    Media,
    Menu,
    MessageRef,
    OutgoingMessage,
    Reaction,
    Text,
    kind_of,
)
from integrations.providers.base.outgoing_json import dump_content, dump_message
from integrations.providers.base.types import Direction, MessageKind, Origin, Party
from whatsapp import queue
from whatsapp.folding import fold
from whatsapp.models import AUTOMATIC
from whatsapp.services import announcing
from whatsapp.services.people import peer_key

_PREVIEW = 160
_SEARCHED = 20_000
_CHUNK = 1000
# Of a number's limit, so that what the network bunches together stays under it too.
_USED_SHARE = 0.97


@dataclass(frozen=True, slots=True)
class Draft:
    """One message to be sent, and the key by which it is sent once.

    `business_key` says why: the ticket event with recipient and purpose, the composer's
    draft. `text` is what a thread shows where the content does not tell, as for a template;
    `shown` are its other parts, as they were when it was promised. `automatic` is the
    occasion of what nobody of the team wrote: it answers nobody.
    """

    business_key: str
    channel_id: int
    recipient: Party
    content: Content
    text: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    conversation_id: int | None = None
    reply_to: MessageRef | None = None
    author_id: int | None = None
    is_bulk: bool = False
    automatic: str = ""

    @property
    def kind(self) -> MessageKind:
        return kind_of(self.content)

    @property
    def target_id(self) -> str | None:
        if isinstance(self.content, Reaction):
            return self.content.target.external_id
        return self.reply_to.external_id if self.reply_to else None

    @property
    def shown_text(self) -> str:
        return self.text or text_of(self.content)


def text_of(content: Content) -> str:
    """What a person would read of it."""
    match content:
        case Text() | Buttons() | Menu():
            return content.body
        case Media():
            return content.caption
        case Reaction():
            return content.emoji
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A message that rests in the outbox. `is_new` is false for a key that was there."""

    message_id: int
    is_new: bool


def enqueue(workspace_id: int, draft: Draft, *, now: datetime) -> Promise:
    """Promise one message; the second call with a business key returns the first."""
    return enqueue_many(workspace_id, [draft], now=now)[0]


def enqueue_many(
    workspace_id: int, drafts: Sequence[Draft], *, now: datetime
) -> list[Promise]:
    """Promise messages, in the order of `drafts`, which is their order in a conversation."""
    promises: dict[str, Promise] = {}
    with inside(workspace_id):
        for start in range(0, len(drafts), _CHUNK):
            chunk = {
                draft.business_key: draft for draft in drafts[start : start + _CHUNK]
            }
            fresh = [draft for key, draft in chunk.items() if key not in promises]
            if not fresh:
                continue
            _ensure_paces(workspace_id, {draft.channel_id for draft in fresh})
            promises |= _insert(workspace_id, fresh, now=now)
            _note_conversations(workspace_id, fresh, promises, now=now)
            talks = [one.conversation_id for one in fresh if one.conversation_id]
            announcing.conversations(workspace_id, talks)
        queue.wake_after_commit()
    return [promises[draft.business_key] for draft in drafts]


_INSERT = """
WITH new AS (
    SELECT * FROM unnest(%(key)s::text[], %(channel)s::bigint[], %(conversation)s::bigint[],
        %(kind)s::text[], %(text)s::text[], %(search)s::text[], %(content)s::text[],
        %(peer)s::text[], %(payload)s::text[], %(reply_to)s::text[],
        %(author)s::bigint[], %(bulk)s::boolean[], %(token)s::text[],
        %(origin)s::text[]) WITH ORDINALITY
      AS t(key, channel_id, conversation_id, kind, text, search_text, content, peer_key,
           payload, reply_to, author_id, is_bulk, token, origin, place)
), message AS (
    INSERT INTO whatsapp_message (workspace_id, channel_id, conversation_id, direction,
           origin, kind, text, search_text, content, peer_key, target_id, provider_at,
           received_at, stored_at, status, error_code, callback_token, idempotency_key,
           author_id)
    SELECT %(workspace)s, channel_id, conversation_id, %(direction)s, origin, kind,
           text, search_text, content::jsonb, peer_key, reply_to, %(now)s, %(now)s,
           %(now)s, 'queued', '', token, key, author_id
      FROM new ORDER BY place
    ON CONFLICT (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL
       DO NOTHING
    RETURNING id, idempotency_key
), entry AS (
    INSERT INTO whatsapp_outboxentry (workspace_id, message_id, channel_id, peer_key,
           payload, business_key, state, is_bulk, attempts, next_at, callback_token,
           epoch, reason, detail, resolution, created_at)
    SELECT %(workspace)s, message.id, new.channel_id, new.peer_key, new.payload::jsonb,
           new.key, 'due', new.is_bulk, 0, %(now)s, new.token,
           COALESCE((SELECT epoch FROM whatsapp_outboxfence), 1), '', '', '', %(now)s
      FROM message JOIN new ON new.key = message.idempotency_key ORDER BY new.place
)
SELECT id, idempotency_key FROM message
"""


def _insert(
    workspace_id: int, drafts: Sequence[Draft], *, now: datetime
) -> dict[str, Promise]:
    tokens = [secrets.token_urlsafe(18) for _ in drafts]
    rows = bulk.run(
        _INSERT,
        {
            "workspace": workspace_id,
            "now": now,
            "direction": Direction.OUTBOUND.value,
            "origin": [
                AUTOMATIC if draft.automatic else Origin.LIVE.value for draft in drafts
            ],
            "key": [draft.business_key for draft in drafts],
            "channel": [draft.channel_id for draft in drafts],
            "conversation": [draft.conversation_id for draft in drafts],
            "kind": [draft.kind.value for draft in drafts],
            "text": [draft.shown_text for draft in drafts],
            "search": [fold(draft.shown_text[:_SEARCHED]) for draft in drafts],
            "content": [_written_content(draft) for draft in drafts],
            "peer": [peer_key(draft.recipient) for draft in drafts],
            "payload": list(map(_written_message, drafts, tokens)),
            "reply_to": [draft.target_id for draft in drafts],
            "author": [draft.author_id for draft in drafts],
            "bulk": [draft.is_bulk for draft in drafts],
            "token": tokens,
        },
    )
    promises = {key: Promise(message_id, is_new=True) for message_id, key in rows}
    known = [one.business_key for one in drafts if one.business_key not in promises]
    if known:  # a statement of its own: somebody may have committed them meanwhile
        rows = bulk.run(
            """
            SELECT id, idempotency_key FROM whatsapp_message
             WHERE workspace_id = %s AND idempotency_key = ANY(%s)
            """,
            [workspace_id, known],
        )
        promises |= {key: Promise(message_id, is_new=False) for message_id, key in rows}
    return promises


def _written_message(draft: Draft, token: str) -> str:
    message = OutgoingMessage(
        recipient=draft.recipient,
        content=draft.content,
        reply_to=draft.reply_to,
        callback_token=token,
        idempotency_key=token,
    )
    return json.dumps(dump_message(message))


def _written_content(draft: Draft) -> str:
    """What a thread needs beside the text, by the names that received messages use."""
    told = dump_content(draft.content)
    for name in ("type", "body", "caption", "emoji"):
        told.pop(name, None)
    if draft.automatic:
        told["automatic"] = draft.automatic
    return json.dumps(told | ({"shown": draft.shown} if draft.shown else {}))


def _note_conversations(
    workspace_id: int,
    drafts: Sequence[Draft],
    promises: Mapping[str, Promise],
    *,
    now: datetime,
) -> None:
    """Bring counters and preview of conversations up to what was just promised.

    What Recado answers by itself is counted and no more: the person still waits.
    """
    previews: dict[int, str] = {}
    counts: Counter[int] = Counter()
    moved: set[int] = set()
    for draft in drafts:
        if draft.conversation_id is None or not promises[draft.business_key].is_new:
            continue
        counts[draft.conversation_id] += 1
        if draft.automatic:
            continue
        moved.add(draft.conversation_id)
        if draft.kind != MessageKind.REACTION:
            preview = " ".join(draft.shown_text.split())[:_PREVIEW]
            previews[draft.conversation_id] = preview or f"[{draft.kind}]"
    if not counts:
        return
    bulk.run(
        """
        WITH held AS (
            SELECT id FROM whatsapp_conversation
             WHERE id = ANY(%(id)s) AND workspace_id = %(workspace)s
             ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE whatsapp_conversation conversation
           SET message_count = conversation.message_count + new.messages,
               last_direction = CASE WHEN conversation.last_message_at <= %(now)s
                                      AND new.preview <> ''
                                     THEN 'outbound' ELSE conversation.last_direction END,
               preview = CASE WHEN conversation.last_message_at <= %(now)s
                               AND new.preview <> ''
                              THEN new.preview ELSE conversation.preview END,
               last_message_at = CASE WHEN new.has_moved
                                      THEN GREATEST(conversation.last_message_at, %(now)s)
                                      ELSE conversation.last_message_at END,
               answered_at = CASE WHEN new.preview <> ''
                                   AND conversation.first_inbound_at <= %(now)s
                                  THEN LEAST(conversation.answered_at, %(now)s)
                                  ELSE conversation.answered_at END
          FROM unnest(%(id)s::bigint[], %(preview)s::text[], %(messages)s::integer[],
                      %(moved)s::boolean[])
               AS new(id, preview, messages, has_moved)
          JOIN held USING (id)
         WHERE conversation.id = new.id
        """,
        {
            "now": now,
            "workspace": workspace_id,
            "id": list(counts),
            "preview": [previews.get(id_, "") for id_ in counts],
            "messages": list(counts.values()),
            "moved": [id_ in moved for id_ in counts],
        },
    )


def rate_of(channel: Channel) -> float | None:
    """Messages a second of a number; None is as fast as it goes.

    `limits["per_second"]` is the number's own: a figure, or `off`.
    """
    own = channel.limits.get("per_second")
    if own == "off":
        return None
    if isinstance(own, int | float) and own > 0:
        return float(own)
    name = "on_phone" if channel.limits.get("is_on_phone") else "channel"
    rate: tuple[int, int] | None = settings.SEND_RATES[name]
    return None if rate is None else rate[0] / rate[1]


def gap_of(channel: Channel) -> float:
    """Seconds between two messages of a number; 0 where its limit is lifted."""
    rate = rate_of(channel)
    return 0.0 if rate is None else 1 / (rate * _USED_SHARE)


def _ensure_paces(workspace_id: int, channel_ids: set[int]) -> None:
    channels = Channel.objects.for_workspace(workspace_id).filter(pk__in=channel_ids)
    refresh_paces(workspace_id, list(channels.order_by("pk")))


def refresh_paces(workspace_id: int, channels: Sequence[Channel]) -> None:
    """Make the turns of these numbers as fast as their limits say now."""
    bulk.run(
        """
        INSERT INTO whatsapp_channelpace AS pace (workspace_id, channel_id, integration_id,
               per_second, next_turn_at, is_paused)
        SELECT %(workspace)s, new.channel_id, new.integration_id, new.per_second,
               statement_timestamp(), false
          FROM unnest(%(channel)s::bigint[], %(integration)s::bigint[], %(rate)s::float8[])
               AS new(channel_id, integration_id, per_second)
          LEFT JOIN whatsapp_channelpace known USING (channel_id)
         -- What is as it should be is not touched: a claim passes over a row that is held.
         WHERE known.id IS NULL
            OR (known.per_second, known.integration_id)
               IS DISTINCT FROM (new.per_second, new.integration_id)
        ON CONFLICT (workspace_id, channel_id) DO UPDATE
           SET per_second = EXCLUDED.per_second,
               integration_id = EXCLUDED.integration_id
        """,
        {
            "workspace": workspace_id,
            "channel": [channel.pk for channel in channels],
            "integration": [channel.integration_id for channel in channels],
            "rate": [rate and rate * _USED_SHARE for rate in map(rate_of, channels)],
        },
    )
