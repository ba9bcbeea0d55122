"""Storing messages, each once, whatever the provider sends again or out of order."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts import bulk
from accounts.keys import new_key
from integrations.providers.base.types import (
    Direction,
    MediaRef,
    MessageEvent,
    MessageKind,
    Origin,
)
from whatsapp import queue
from whatsapp.folding import fold

_PREVIEW = 160
LONGEST_ID = 200  # characters of a provider's message id
_SEARCHED = 20_000  # characters; PostgreSQL refuses a tsvector over 1 MB
# What a person did to a message rather than said: no news in the list, nothing unread.
SILENT = frozenset({MessageKind.REACTION, MessageKind.EDIT, MessageKind.REVOKE})


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message event and where it came in."""

    event: MessageEvent
    channel_id: int
    peer_key: str
    received_at: datetime
    raw_webhook_id: int

    @property
    def provider_at(self) -> datetime:
        """The provider's time, or ours where it tells none or one from the future."""
        told = self.event.provider_at
        return self.received_at if told is None or told > self.received_at else told

    @property
    def is_live_inbound(self) -> bool:
        return (
            self.event.direction == Direction.INBOUND
            and self.event.origin == Origin.LIVE
            and self.event.group_id is None
        )

    @property
    def external_key(self) -> tuple[int, str]:
        return self.channel_id, self.event.external_id


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that was not there before, or was there only as history."""

    id: int
    arrival: Arrival
    conversation_id: int | None
    is_replaced: bool  # what history had brought may be counted already

    @property
    def provider_at(self) -> datetime:
        return self.arrival.provider_at

    @property
    def direction(self) -> str:
        return self.arrival.event.direction

    @property
    def preview(self) -> str:
        event = self.arrival.event
        return preview_of(event.text, kind=event.kind)

    @property
    def opens_window(self) -> bool:
        return self.arrival.is_live_inbound and self.arrival.event.kind not in SILENT

    @property
    def answers(self) -> bool:
        """Whether it is the team's own word, from wherever they wrote it."""
        event = self.arrival.event
        return (
            event.direction == Direction.OUTBOUND
            and event.origin != Origin.HISTORY
            and event.kind not in SILENT
        )


@dataclass(frozen=True, slots=True)
class Known:
    """A message we have."""

    origin: str
    kind: str

    def yields_to(self, event: MessageEvent) -> bool:
        """Whether news about the same message takes its place.

        A live message does over history's copy: otherwise a person who writes during a
        sync would be lost. The file of a history message does over its placeholder.
        """
        if self.origin != Origin.HISTORY:
            return False
        is_filled = (
            self.kind == MessageKind.MEDIA_PLACEHOLDER
            and event.kind != MessageKind.MEDIA_PLACEHOLDER
        )
        return event.origin == Origin.LIVE or is_filled


def preview_of(text: str, *, kind: str) -> str:
    """The line of a conversation in the list."""
    return " ".join(text.split())[:_PREVIEW] or f"[{kind}]"


def find_known(
    workspace_id: int, arrivals: Iterable[Arrival]
) -> dict[tuple[int, str], Known]:
    """Which of these messages we have, by (channel id, external id)."""
    keys = {arrival.external_key for arrival in arrivals}
    if not keys:
        return {}
    # Two arrays rather than pairs: the planner then uses the index however old its figures.
    rows = bulk.run(
        """
        SELECT channel_id, external_id, origin, kind
          FROM whatsapp_message
         WHERE workspace_id = %s AND channel_id = ANY(%s) AND external_id = ANY(%s)
        """,
        [
            workspace_id,
            list({channel for channel, _ in keys}),
            list({external_id for _, external_id in keys}),
        ],
    )
    return {
        (channel, external_id): Known(origin, kind)
        for channel, external_id, origin, kind in rows
    }


def insert(
    workspace_id: int,
    arrivals: Sequence[tuple[Arrival, int | None]],
    *,
    now: datetime,
) -> list[Stored]:
    """Store messages with their conversation (None: its person is no lead yet).

    A message that is there already is left alone unless it yields; see `Known.yields_to`.
    Ids follow the order given: providers tell seconds, and within one only the order of
    arrival tells what was said first. Rows are written in the order of their names, one for
    everybody: two batches with the same messages then never deadlock.
    """
    if not arrivals:
        return []
    events = [arrival.event for arrival, _ in arrivals]
    rows = bulk.run(
        """
        INSERT INTO whatsapp_message AS old (id, workspace_id, channel_id,
               conversation_id, direction, origin, kind, text, search_text, content,
               peer_key, external_id, second_id, target_id, provider_at, received_at,
               stored_at, status, error_code, raw_webhook_id)
        SELECT id, %s, channel_id, conversation_id, direction, origin, kind, text,
               search_text, content::jsonb, peer_key, external_id, second_id, target_id,
               provider_at, received_at, %s, '', '', raw_webhook_id
          FROM (
            SELECT nextval('whatsapp_message_id_seq') AS id, new.*
              FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                          %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                          %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                          %s::bigint[])
                   AS new(channel_id, conversation_id, direction, origin, kind, text,
                          search_text, content, peer_key, external_id, second_id,
                          target_id, provider_at, received_at, raw_webhook_id)
               ) numbered
         ORDER BY channel_id, external_id
        ON CONFLICT (workspace_id, channel_id, external_id)
           WHERE external_id IS NOT NULL DO UPDATE
           SET origin = EXCLUDED.origin,
               conversation_id = COALESCE(EXCLUDED.conversation_id, old.conversation_id),
               content = EXCLUDED.content, text = EXCLUDED.text,
               search_text = EXCLUDED.search_text, kind = EXCLUDED.kind,
               received_at = EXCLUDED.received_at,
               raw_webhook_id = EXCLUDED.raw_webhook_id
         WHERE old.origin = 'history'
           AND (EXCLUDED.origin = 'live' OR (old.kind = 'media_placeholder'
                                             AND EXCLUDED.kind <> 'media_placeholder'))
        RETURNING id, channel_id, external_id, conversation_id, xmax <> 0
        """,
        [
            workspace_id,
            now,
            [arrival.channel_id for arrival, _ in arrivals],
            [conversation_id for _, conversation_id in arrivals],
            [event.direction.value for event in events],
            [event.origin.value for event in events],
            [event.kind.value for event in events],
            [event.text for event in events],
            [fold(event.text[:_SEARCHED]) for event in events],
            [json.dumps(_content(event)) for event in events],
            [arrival.peer_key for arrival, _ in arrivals],
            [event.external_id for event in events],
            [_clip(event.second_id) for event in events],
            [_clip(event.target_id) for event in events],
            [arrival.provider_at for arrival, _ in arrivals],
            [arrival.received_at for arrival, _ in arrivals],
            [arrival.raw_webhook_id for arrival, _ in arrivals],
        ],
    )
    by_key = {arrival.external_key: arrival for arrival, _ in arrivals}
    stored = [
        Stored(id_, by_key[channel_id, external_id], conversation_id, is_replaced)
        for id_, channel_id, external_id, conversation_id, is_replaced in sorted(rows)
    ]
    _insert_media(workspace_id, stored, now=now)
    if any(one.arrival.event.media for one in stored):
        queue.fetch_after_commit()
    return stored


def _clip(id_: str | None) -> str | None:
    return id_[:LONGEST_ID] if id_ else None


def _content(event: MessageEvent) -> dict[str, object]:
    """What is kept of a kind beside its text. The ad referral has rows of its own."""
    content = dict(event.content)
    if event.group_id is not None:
        content["group_id"] = event.group_id
    return content


def _insert_media(
    workspace_id: int, stored: Sequence[Stored], *, now: datetime
) -> None:
    files: list[tuple[Stored, MediaRef]] = [
        (one, one.arrival.event.media)
        for one in stored
        if one.arrival.event.media is not None
    ]
    if not files:
        return
    replaced = [one.id for one in stored if one.is_replaced]
    if replaced:  # what the first copy of these messages carried is the same file
        bulk.run(
            "DELETE FROM whatsapp_mediaasset"
            " WHERE workspace_id = %s AND message_id = ANY(%s)",
            [workspace_id, replaced],
        )
    bulk.run(
        """
        INSERT INTO whatsapp_mediaasset (key, workspace_id, message_id, kind, external_id,
               url, mime_told, mime_sniffed, filename, size, sha256, state, storage_key,
               is_bulk, created_at)
        SELECT key, %s, message_id, kind, external_id, url, mime, '', filename,
               size, sha256, 'pending', '', is_bulk, %s
          FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                      %s::text[], %s::text[], %s::bigint[], %s::text[], %s::boolean[])
               AS new(key, message_id, kind, external_id, url, mime, filename, size,
                      sha256, is_bulk)
        """,
        [
            workspace_id,
            now,
            [new_key() for _ in files],
            [one.id for one, _ in files],
            [media.kind.value for _, media in files],
            [(media.external_id or "")[:255] for _, media in files],
            [media.url or "" for _, media in files],
            [(media.mime_type or "")[:100] for _, media in files],
            [(media.filename or "")[:255] for _, media in files],
            [media.size for _, media in files],
            [(media.sha256 or "")[:64] for _, media in files],
            [one.arrival.event.origin == Origin.HISTORY for one, _ in files],
        ],
    )
