"""Threads: opened when a known person writes, kept up to date by what was stored."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import OperationalError

from accounts import bulk
from accounts.keys import new_key
from whatsapp.services import first_answers
from whatsapp.services.messages import Stored

Thread = tuple[int, int]  # channel id, lead id


class ThreadMoved(OperationalError):
    """A lead was merged, or a conversation closed, while a batch was on its way to it.

    As after any other interruption, what was begun is undone and begun anew.
    """


@dataclass(frozen=True, slots=True)
class Opened:
    id: int
    is_new: bool


def open_threads(
    workspace_id: int, threads: Collection[Thread], *, now: datetime
) -> dict[Thread, Opened]:
    """The open conversation of each (channel, lead), made where there is none."""
    wanted = sorted(set(threads))
    opened = _find_open(workspace_id, wanted)
    missing = [thread for thread in wanted if thread not in opened]
    if missing:
        opened |= _insert(workspace_id, missing, now=now)
    if len(opened) < len(wanted):  # somebody reopened one in this very moment
        opened |= _find_open(
            workspace_id, [one for one in missing if one not in opened]
        )
    if len(opened) < len(wanted):
        raise ThreadMoved
    return opened


def _find_open(workspace_id: int, threads: Sequence[Thread]) -> dict[Thread, Opened]:
    if not threads:
        return {}
    rows = bulk.run(
        """
        SELECT c.channel_id, c.lead_id, c.id
          FROM unnest(%s::bigint[], %s::bigint[]) AS wanted(channel_id, lead_id)
          JOIN whatsapp_conversation c USING (channel_id, lead_id)
         WHERE c.state = 'open' AND c.workspace_id = %s
        """,
        [
            [channel for channel, _ in threads],
            [lead for _, lead in threads],
            workspace_id,
        ],
    )
    return {(channel, lead): Opened(id_, is_new=False) for channel, lead, id_ in rows}


def _insert(
    workspace_id: int, threads: Sequence[Thread], *, now: datetime
) -> dict[Thread, Opened]:
    # A merge that has not ended yet is waited for: it could not see these conversations.
    rows = bulk.run(
        """
        WITH lead AS (
            SELECT id FROM whatsapp_lead
             WHERE id = ANY(%s) AND workspace_id = %s AND merged_into_id IS NULL
             ORDER BY id FOR KEY SHARE
        )
        INSERT INTO whatsapp_conversation (key, workspace_id, channel_id, lead_id, state,
               last_message_at, last_direction, preview, message_count, unread_count,
               created_at)
        SELECT key, %s, channel_id, lead_id, 'open', 'epoch', '', '', 0, 0, %s
          FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[])
               AS new(key, channel_id, lead_id)
         WHERE lead_id IN (SELECT id FROM lead)
        ON CONFLICT (channel_id, lead_id) WHERE state = 'open' DO NOTHING
        RETURNING channel_id, lead_id, id
        """,
        [
            [lead for _, lead in threads],
            workspace_id,
            workspace_id,
            now,
            [new_key() for _ in threads],
            [channel for channel, _ in threads],
            [lead for _, lead in threads],
        ],
    )
    return {(channel, lead): Opened(id_, is_new=True) for channel, lead, id_ in rows}


def adopt_waiting(workspace_id: int, threads: Sequence[tuple[int, int, str]]) -> None:
    """Give new conversations the echoes and history that waited for their person.

    `threads` are (conversation id, channel id, match key).
    """
    if not threads:
        return
    rows = bulk.run(
        """
        WITH adopted AS (
            UPDATE whatsapp_message message SET conversation_id = new.id
              FROM unnest(%s::bigint[], %s::bigint[], %s::text[])
                   AS new(id, channel_id, peer_key)
             WHERE message.channel_id = new.channel_id
               AND message.peer_key = new.peer_key
               AND message.conversation_id IS NULL AND message.workspace_id = %s
            RETURNING message.conversation_id, message.provider_at
        ), counted AS (
            SELECT conversation_id, count(*) AS messages, max(provider_at) AS last_at
              FROM adopted GROUP BY conversation_id
        )
        UPDATE whatsapp_conversation conversation
           SET message_count = message_count + counted.messages,
               last_message_at = GREATEST(last_message_at, counted.last_at)
          FROM counted WHERE conversation.id = counted.conversation_id
        RETURNING conversation.id
        """,
        [
            [conversation for conversation, _, _ in threads],
            [channel for _, channel, _ in threads],
            [key for _, _, key in threads],
            workspace_id,
        ],
    )
    first_answers.settle(workspace_id, [id_ for (id_,) in rows])


def adopt_for(workspace_id: int, names: Sequence[tuple[int, str]]) -> None:
    """As `adopt_waiting`, for the open conversations of leads that have got a name.

    `names` are (lead id, match key).
    """
    rows = bulk.run(
        """
        SELECT talk.id, talk.channel_id, name.match_key
          FROM unnest(%s::bigint[], %s::text[]) AS name(lead_id, match_key)
          JOIN whatsapp_conversation talk ON talk.lead_id = name.lead_id
         WHERE talk.state = 'open' AND talk.workspace_id = %s
         ORDER BY talk.id, name.match_key
        """,
        [[lead for lead, _ in names], [key for _, key in names], workspace_id],
    )
    adopt_waiting(workspace_id, [(id_, channel, key) for id_, channel, key in rows])


def note_messages(
    workspace_id: int, stored: Iterable[Stored], opened: Mapping[Thread, Opened]
) -> None:
    """Bring counters, preview and window of conversations up to what was just stored.

    Only live messages of the person count as unread and open the service window; the
    newest message by provider time gives the preview. Conversations are held in one order,
    since two batches may write to the same ones; `opened` are the ones that were found, and
    must still be what they were.
    """
    news = list(stored)
    sums: dict[int, _Sum] = {}
    for message in news:
        if message.conversation_id is not None:
            sums.setdefault(message.conversation_id, _Sum(message)).add(message)
    if not sums:
        return
    rows = sorted(sums.items())
    now = bulk.run(
        """
        WITH held AS (
            SELECT id FROM whatsapp_conversation
             WHERE id = ANY(%(id)s) ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE whatsapp_conversation old
           SET message_count = old.message_count + new.messages,
               unread_count = old.unread_count + new.unread,
               last_inbound_at = GREATEST(old.last_inbound_at, new.inbound_at),
               first_inbound_at = LEAST(old.first_inbound_at, new.heard_at),
               preview = CASE WHEN new.last_at >= old.last_message_at
                              THEN new.preview ELSE old.preview END,
               last_direction = CASE WHEN new.last_at >= old.last_message_at
                                     THEN new.direction ELSE old.last_direction END,
               last_message_at = GREATEST(old.last_message_at, new.last_at)
          FROM unnest(%(id)s::bigint[], %(messages)s::int[], %(unread)s::int[],
                      %(inbound_at)s::timestamptz[], %(heard_at)s::timestamptz[],
                      %(last_at)s::timestamptz[], %(preview)s::text[],
                      %(direction)s::text[])
               AS new(id, messages, unread, inbound_at, heard_at, last_at, preview,
                      direction)
         WHERE old.id = new.id AND old.workspace_id = %(workspace)s
           AND (SELECT count(*) FROM held) > 0
        RETURNING old.id, old.lead_id, old.state, old.message_count,
                  old.first_inbound_at, old.answered_at
        """,
        {
            "id": [id_ for id_, _ in rows],
            "messages": [one.messages for _, one in rows],
            "unread": [one.unread for _, one in rows],
            "inbound_at": [one.inbound_at for _, one in rows],
            "heard_at": [one.heard_at for _, one in rows],
            "last_at": [one.last.provider_at for _, one in rows],
            "preview": [one.last.preview for _, one in rows],
            "direction": [one.last.direction for _, one in rows],
            "workspace": workspace_id,
        },
    )
    _check(opened, {id_: (lead, state) for id_, lead, state, *_ in now})
    first_answers.settle(
        workspace_id,
        [id_ for id_, _, _, *facts in now if sums[id_].may_answer(*facts)],
    )
    replaced = {one.conversation_id for one in news if one.is_replaced}
    _count_again(workspace_id, [id_ for id_ in replaced if id_ is not None])


def _check(opened: Mapping[Thread, Opened], now: Mapping[int, tuple[int, str]]) -> None:
    for (_, lead_id), thread in opened.items():
        if now.get(thread.id, (lead_id, "open")) != (lead_id, "open"):
            raise ThreadMoved


def _count_again(workspace_id: int, conversation_ids: Sequence[int]) -> None:
    """A message that took history's place may have been counted with it, or not."""
    if conversation_ids:
        bulk.run(
            """
            UPDATE whatsapp_conversation conversation SET message_count = (
                SELECT count(*) FROM whatsapp_message message
                 WHERE message.conversation_id = conversation.id)
             WHERE conversation.id = ANY(%s) AND conversation.workspace_id = %s
            """,
            [sorted(conversation_ids), workspace_id],
        )


class _Sum:
    def __init__(self, first: Stored) -> None:
        self.last = first
        self.messages = 0
        self.unread = 0
        self.inbound_at: datetime | None = None
        self.heard_at: datetime | None = None  # the first of those
        self.said_at: datetime | None = None  # the first of the team's own

    def add(self, message: Stored) -> None:
        if message.provider_at >= self.last.provider_at:
            self.last = message
        self.messages += 1
        if message.opens_window:
            self.unread += 1
            self.inbound_at = max(filter(None, (self.inbound_at, message.provider_at)))
            self.heard_at = min(filter(None, (self.heard_at, message.provider_at)))
        elif message.answers:
            self.said_at = min(filter(None, (self.said_at, message.provider_at)))

    def may_answer(
        self, count: int, heard_at: datetime | None, answered_at: datetime | None
    ) -> bool:
        """Whether these messages change when the person was first answered; the arguments
        are the conversation's, after them. Most change nothing and cost nothing."""
        if heard_at is None:
            return False
        if heard_at == self.heard_at and count > self.messages:
            return True  # the person wrote earlier than we knew, or had been written to
        if self.said_at is None:
            return False
        return answered_at is None or self.said_at < answered_at
