"""One conversation as a page shows it: messages with what became of them, and the lead.

A fixed number of queries whatever the length: the conversation, a page of messages, the
messages they quote, what changed them, their files.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Left

from accounts.models import Workspace
from accounts.scoping import ScopedQuerySet
from integrations.providers.base.types import MessageKind
from whatsapp.models import Conversation, MediaAsset, Message
from whatsapp.selectors import contents, paging
from whatsapp.selectors.contents import Contents
from whatsapp.selectors.paging import Page

PAGE_SIZE = 50
# Kinds that say something about another message and are shown on it.
CHANGES = (MessageKind.EDIT, MessageKind.REVOKE, MessageKind.REACTION)
_QUOTED = 200
# Everything that a page of the newest messages shows and that time may change. Looks at
# more rows than the page has bubbles, because what changes one is a row too.
_STAMP = """
SELECT md5(string_agg(concat_ws('/', newest.id, newest.status, newest.status_at,
                                newest.error_code, files.states), ',' ORDER BY newest.id))
  FROM (SELECT id, status, status_at, error_code FROM whatsapp_message
         WHERE workspace_id = %(workspace)s AND conversation_id = %(conversation)s
         ORDER BY provider_at DESC, id DESC LIMIT %(limit)s) newest
  LEFT JOIN LATERAL (
        SELECT string_agg(state, '/' ORDER BY id) AS states FROM whatsapp_mediaasset
         WHERE message_id = newest.id) files ON true
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
    kind: str
    mime: str
    name: str
    size: int | None
    state: str


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

    @property
    def is_orphan_change(self) -> bool:
        """About a message that we never received, so it has to stand for itself."""
        return self.kind in CHANGES

    @property
    def shown_text(self) -> str:
        return self.edits[-1].text if self.edits else self.text


def find_conversation(workspace: Workspace, *, key: uuid.UUID) -> Conversation | None:
    return (
        Conversation.objects.for_workspace(workspace)
        .select_related(
            "channel",
            "assignee",
            "lead__attribution__touch__link",
        )
        .filter(key=key)
        .first()
    )


def list_messages(
    conversation: Conversation, *, before: str = "", size: int = PAGE_SIZE
) -> Page[Entry]:
    """A page of the thread in reading order; `older` leads to what came before it."""
    rows, older = _page(conversation, before=before, size=size)
    rows.reverse()
    ids = [row["id"] for row in rows]
    files = _files(conversation, ids)
    related = _related(conversation, rows)
    entries = [_entry(row, files=files.get(row["id"], ())) for row in rows]
    return Page(tuple(_with_related(entry, related) for entry in entries), older)


def stamp(conversation: Conversation) -> str:
    """Another one when the newest page of the thread would look different; one cheap read."""
    values = {
        "workspace": conversation.workspace_id,
        "conversation": conversation.pk,
        "limit": 2 * PAGE_SIZE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, values)
        [[told]] = cursor.fetchall()
    return f"{told}-{conversation.message_count}-{conversation.unread_count}"


def _page(
    conversation: Conversation, *, before: str, size: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Providers' clocks have seconds, so a position is a moment and how many of it were seen."""
    position = paging.read(before)
    seen = position.rank if position else 0
    messages = _of(conversation).filter(
        ~Q(kind__in=CHANGES) | ~Exists(_target_of_outer(conversation))
    )
    if position:
        messages = messages.filter(provider_at__lte=position.at)
    rows: list[dict[str, Any]] = [
        dict(row)
        for row in messages.order_by("-provider_at", "-id").values(
            "id",
            "direction",
            "origin",
            "kind",
            "text",
            "content",
            "external_id",
            "target_id",
            "provider_at",
            "received_at",
            "stored_at",
            "status",
            "status_at",
            "error_code",
            "author__name",
            "author__email",
        )[seen : seen + size + 1]
    ]
    if len(rows) <= size:
        return rows, None
    rows = rows[:size]
    last = rows[-1]["provider_at"]
    same = sum(row["provider_at"] == last for row in rows)
    if position and position.at == last:
        same += seen
    return rows, paging.write(last, same)


def _of(conversation: Conversation) -> ScopedQuerySet[Message]:
    messages: ScopedQuerySet[Message] = Message.objects.for_workspace(
        conversation.workspace_id
    ).filter(conversation=conversation)
    return messages


def _target_of_outer(conversation: Conversation) -> ScopedQuerySet[Message]:
    targets: ScopedQuerySet[Message] = Message.objects.for_workspace(
        conversation.workspace_id
    ).filter(
        conversation=conversation,
        channel=OuterRef("channel"),
        external_id=OuterRef("target_id"),
    )
    return targets


@dataclass(frozen=True, slots=True)
class _Related:
    quotes: dict[str, Quote]
    changes: dict[str, list[Change]]


def _related(conversation: Conversation, rows: list[dict[str, Any]]) -> _Related:
    """What the page quotes, and what changed the messages of the page."""
    quoted = {row["target_id"] for row in rows if row["target_id"]}
    shown = {row["external_id"] for row in rows if row["external_id"]}
    quotes = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(channel=conversation.channel_id, external_id__in=quoted)
        .annotate(start=Left("text", _QUOTED))
        .values_list("external_id", "direction", "kind", "start")
    )
    changes: dict[str, list[Change]] = {}
    for target, kind, direction, text, provider_at in (
        _of(conversation)
        .filter(kind__in=CHANGES, target_id__in=shown)
        .order_by("provider_at", "id")
        .values_list("target_id", "kind", "direction", "text", "provider_at")
    ):
        change = Change(kind, direction, text, provider_at)
        changes.setdefault(target or "", []).append(change)
    return _Related(
        quotes={
            external_id or "": Quote(direction, kind, start)
            for external_id, direction, kind, start in quotes
        },
        changes=changes,
    )


def _with_related(entry: Entry, related: _Related) -> Entry:
    changes = related.changes.get(entry.external_id or "", [])
    # A side has one reaction at a time; an empty one takes it back.
    reactions = {
        change.direction: change
        for change in changes
        if change.kind == MessageKind.REACTION
    }
    revoked = [
        change.provider_at for change in changes if change.kind == MessageKind.REVOKE
    ]
    return replace(
        entry,
        quote=related.quotes.get(entry.target_id or ""),
        reactions=tuple(change for change in reactions.values() if change.text),
        edits=tuple(change for change in changes if change.kind == MessageKind.EDIT),
        revoked_at=revoked[0] if revoked else None,
    )


def _files(conversation: Conversation, ids: list[int]) -> dict[int, tuple[File, ...]]:
    files: dict[int, tuple[File, ...]] = {}
    assets = (
        MediaAsset.objects.for_workspace(conversation.workspace_id)
        .filter(message__in=ids)
        .order_by("id")
    )
    for asset in assets:
        file = File(
            kind=asset.kind,
            mime=asset.mime_sniffed or asset.mime_told,
            name=asset.filename,
            size=asset.size,
            state=asset.state,
        )
        files[asset.message_id] = (*files.get(asset.message_id, ()), file)
    return files


def _entry(row: dict[str, Any], *, files: tuple[File, ...]) -> Entry:
    return Entry(
        direction=row["direction"],
        origin=row["origin"],
        kind=row["kind"],
        text=row["text"],
        contents=contents.read(row["kind"], row["content"]),
        external_id=row["external_id"],
        target_id=row["target_id"],
        provider_at=row["provider_at"],
        received_at=row["received_at"],
        stored_at=row["stored_at"],
        status=row["status"],
        status_at=row["status_at"],
        error_code=row["error_code"],
        author=row["author__name"] or row["author__email"] or "",
        id=row["id"],
        files=files,
    )
