"""One conversation as a page shows it: messages with what became of them, and the lead.

One statement for a page of messages, whatever they quote, carry and became.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Subquery

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from integrations.providers.base.types import MessageKind
from whatsapp import file_types
from whatsapp.models import ENDED_WITHOUT, ChannelPace, Conversation, MediaState
from whatsapp.selectors import contents
from whatsapp.selectors.contents import Contents

PAGE_SIZE = 50
# Kinds that say something about another message and are shown on it.
CHANGES = (MessageKind.EDIT, MessageKind.REVOKE, MessageKind.REACTION)
_QUOTED = 200
_HEARD = (MessageKind.AUDIO, MessageKind.VOICE)
# A change whose message we have is shown on that message; one without it stands for itself,
# and so does a reaction of ours that may not have arrived.
# (Asked by a subselect: for an EXISTS PostgreSQL reads the whole conversation into a hash.)
_PAGE = """
SELECT message.id, message.direction, message.origin, message.kind, message.text,
       message.content::json, message.external_id, message.target_id, message.provider_at,
       message.received_at, message.stored_at, message.status, message.status_at,
       message.error_code, coalesce(nullif(author.name, ''), author.email, ''),
       quote.direction, quote.kind, left(quote.text, %(quoted)s),
       files.told, changes.told, outcome.told
  FROM (SELECT * FROM whatsapp_message message
         WHERE workspace_id = %(workspace)s AND conversation_id = %(conversation)s {older}
           AND (kind <> ALL(%(changes)s) OR (
                kind = 'reaction' AND status IN ('failed', 'unconfirmed')) OR (
                SELECT target.id FROM whatsapp_message target
                 WHERE target.workspace_id = %(workspace)s
                   AND target.conversation_id = %(conversation)s
                   AND target.channel_id = message.channel_id
                   AND target.external_id = message.target_id LIMIT 1) IS NULL)
         ORDER BY provider_at DESC, id DESC OFFSET %(seen)s LIMIT %(limit)s) message
  LEFT JOIN accounts_user author ON author.id = message.author_id
  LEFT JOIN whatsapp_message quote
         ON quote.workspace_id = %(workspace)s AND quote.channel_id = message.channel_id
        AND quote.external_id = message.target_id
  LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(
                   kind, coalesce(nullif(mime_sniffed, ''), mime_told), filename, size,
                   state, key, reason, mime_told, preview_key <> '', width, height
               ) ORDER BY id) AS told
          FROM whatsapp_mediaasset
         WHERE workspace_id = %(workspace)s AND message_id = message.id) files ON true
  LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(kind, direction, text, provider_at)
                        ORDER BY provider_at, id) AS told
          FROM whatsapp_message
         WHERE workspace_id = %(workspace)s AND conversation_id = %(conversation)s
           AND kind IN ('edit', 'revoke', 'reaction')  -- as its index says
           AND status <> 'failed'
           AND target_id = message.external_id) changes ON true
  LEFT JOIN LATERAL (
        SELECT json_build_array(channel.provider, promise.state, promise.reason,
                   coalesce(nullif(promise.detail, ''), (
                       SELECT error_text FROM whatsapp_statusevent
                        WHERE message_id = message.id AND status = 'failed'
                        ORDER BY provider_at DESC LIMIT 1), ''),
                   (SELECT id FROM whatsapp_message
                     WHERE workspace_id = %(workspace)s
                       AND idempotency_key = 'again:' || promise.id)) AS told
          FROM integrations_channel channel
          LEFT JOIN whatsapp_outboxentry promise ON promise.message_id = message.id
         WHERE channel.id = message.channel_id AND message.direction = 'outbound'
           AND message.status IN ('failed', 'unconfirmed', 'queued')) outcome ON true
 ORDER BY message.provider_at DESC, message.id DESC
"""
_OLDER = "AND provider_at <= %(at)s"
# Everything that a page of the newest messages shows and that time may change. Looks at
# more rows than the page has bubbles, because what changes one is a row too.
_STAMP = """
SELECT md5(string_agg(concat_ws('/', newest.id, newest.status, newest.status_at,
                                newest.error_code, files.states, promise.told),
                      ',' ORDER BY newest.id))
  FROM (SELECT id, status, status_at, error_code FROM whatsapp_message
         WHERE workspace_id = %(workspace)s AND conversation_id = %(conversation)s
         ORDER BY provider_at DESC, id DESC LIMIT %(limit)s) newest
  LEFT JOIN LATERAL (
        SELECT string_agg(state || reason, '/' ORDER BY id) AS states FROM whatsapp_mediaasset
         WHERE message_id = newest.id) files ON true
  LEFT JOIN LATERAL (
        SELECT concat_ws('/', state, reason) AS told FROM whatsapp_outboxentry
         WHERE message_id = newest.id
           AND newest.status IN ('failed', 'unconfirmed', 'queued')) promise ON true
"""


@dataclass(frozen=True, slots=True)
class Quote:
    direction: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    kind: str
    direction: str
    text: str
    provider_at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """`width` and `height` are of the preview, where there is one."""

    kind: str
    mime: str
    name: str
    size: int | None
    state: str
    key: str = ""
    reason: str = ""
    mime_told: str = ""
    has_preview: bool = False
    width: int | None = None
    height: int | None = None

    @property
    def look(self) -> str:
        """How it is shown: picture, sticker, audio, video, document, waiting or missing."""
        if self.state in ENDED_WITHOUT:
            return "missing"
        if self.state != MediaState.STORED:
            return "waiting"
        if self.has_preview:
            return "sticker" if self.kind == MessageKind.STICKER else "picture"
        if self.kind in _HEARD and self.mime in file_types.SOUNDS:
            return "audio"
        if self.kind == MessageKind.VIDEO and self.mime in file_types.FILMS:
            return "video"
        return "document"

    @property
    def is_other_than_told(self) -> bool:
        """It was said to be of one type and is of another, as a disguise is."""
        return self.state == MediaState.STORED and not file_types.agrees(
            self.mime_told, self.mime
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the outbox knows of a message that waits, has failed or is unconfirmed.

    `state` and `reason` are the outbox entry's, empty for what was not sent by us; `said`
    are the provider's own words. `again_id` is the message that it was sent again as.
    """

    provider: str
    state: str
    reason: str
    said: str
    again_id: int | None

    @classmethod
    def of(cls, told: list[Any]) -> "Outcome":
        provider, state, reason, said, again_id = told
        return cls(provider, state or "", reason or "", said or "", again_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One bubble. `text` is as first written; `edits` hold what it became, oldest first."""

    direction: str
    origin: str
    kind: str
    text: str
    contents: Contents
    external_id: str | None
    target_id: str | None
    provider_at: datetime
    received_at: datetime
    stored_at: datetime
    status: str
    status_at: datetime | None
    error_code: str
    author: str
    id: int = 0  # tells bubbles of a page apart
    quote: Quote | None = None
    files: tuple[File, ...] = ()
    reactions: tuple[Change, ...] = ()
    edits: tuple[Change, ...] = ()
    revoked_at: datetime | None = None
    outcome: Outcome | None = None

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Entry":
        """Read the columns of _PAGE, in their order."""
        quoted, files, told = row[15:18], row[18], row[19]
        changes = [
            Change(kind, direction, text, datetime.fromisoformat(at))
            for kind, direction, text, at in told or ()
        ]
        return cls(
            direction=row[1],
            origin=row[2],
            kind=row[3],
            text=row[4],
            contents=contents.read(row[3], row[5]),
            external_id=row[6],
            target_id=row[7],
            provider_at=row[8],
            received_at=row[9],
            stored_at=row[10],
            status=row[11],
            status_at=row[12],
            error_code=row[13],
            author=row[14],
            id=row[0],
            quote=Quote(*quoted) if quoted[0] else None,
            files=tuple(File(*file) for file in files or ()),
            reactions=_in_force(changes),
            edits=tuple(one for one in changes if one.kind == MessageKind.EDIT),
            revoked_at=next(
                (one.provider_at for one in changes if one.kind == MessageKind.REVOKE),
                None,
            ),
            outcome=Outcome.of(row[20]) if row[20] else None,
        )

    @property
    def is_orphan_change(self) -> bool:
        """About a message that we never received, so it has to stand for itself."""
        return self.kind in CHANGES and self.quote is None

    @property
    def shown_text(self) -> str:
        return self.edits[-1].text if self.edits else self.text


def find_conversation(workspace: Workspace, *, key: uuid.UUID) -> Conversation | None:
    """With its number and its lead.

    `is_number_paused` is whether somebody stopped the number; `heard_at` when the person
    last wrote to it, also in an earlier conversation, by the provider's clock.
    """
    return (
        Conversation.objects.for_workspace(workspace)
        .select_related(
            "channel__integration",
            "assignee",
            "lead__attribution__touch__link",
        )
        .annotate(
            is_number_paused=Exists(
                ChannelPace.objects.for_workspace(workspace).filter(
                    channel=OuterRef("channel"), is_paused=True
                )
            ),
            heard_at=Subquery(
                Conversation.objects.for_workspace(workspace)
                .filter(
                    lead=OuterRef("lead"),
                    channel=OuterRef("channel"),
                    last_inbound_at__isnull=False,
                )
                .order_by("-last_inbound_at")
                .values("last_inbound_at")[:1]
            ),
        )
        .filter(key=key)
        .first()
    )


def list_messages(
    conversation: Conversation, *, before: str = "", size: int = PAGE_SIZE
) -> Page[Entry]:
    """A page of the thread in reading order; `older` leads to what came before it.

    Providers' clocks have seconds, so a position is a moment and how many of it were seen.
    """
    position = paging.read(before)
    seen = position.rank if position else 0
    values: dict[str, Any] = {
        "workspace": conversation.workspace_id,
        "conversation": conversation.pk,
        "changes": list(CHANGES),
        "quoted": _QUOTED,
        "at": position.at if position else None,
        "seen": seen,
        "limit": size + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE.format(older=_OLDER if position else ""), values)
        entries = [Entry.of(row) for row in cursor.fetchall()]
    if len(entries) <= size:
        return Page(tuple(reversed(entries)), None)
    shown = entries[:size]
    last = shown[-1].provider_at
    same = sum(entry.provider_at == last for entry in shown)
    if position and position.at == last:
        same += seen
    return Page(tuple(reversed(shown)), paging.write(last, same))


def stamp(conversation: Conversation) -> str:
    """Another one when the newest page of the thread would look different; one cheap read."""
    values: dict[str, Any] = {
        "workspace": conversation.workspace_id,
        "conversation": conversation.pk,
        "limit": 2 * PAGE_SIZE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, values)
        [[told]] = cursor.fetchall()
    return f"{told}-{conversation.message_count}-{conversation.unread_count}"


def _in_force(changes: Iterable[Change]) -> tuple[Change, ...]:
    """A side has one reaction at a time; an empty one takes it back."""
    reactions = {
        change.direction: change
        for change in changes
        if change.kind == MessageKind.REACTION
    }
    return tuple(change for change in reactions.values() if change.text)
