"""Messages into another thread, and both threads brought up to what they hold then."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts import bulk
from whatsapp.services import first_answers
from whatsapp.services.messages import SILENT, preview_of


@dataclass(frozen=True, slots=True)
class Move:
    message_id: int
    source: int  # conversation ids
    target: int


def move(workspace_id: int, moves: Sequence[Move]) -> None:
    """What was unread of them is unread where they go."""
    if not moves:
        return
    rows = bulk.run(
        """
        UPDATE whatsapp_message message SET conversation_id = new.target
          FROM unnest(%s::bigint[], %s::bigint[]) AS new(id, target)
         WHERE message.id = new.id AND message.workspace_id = %s
        RETURNING message.id,
                  message.direction = 'inbound' AND message.origin = 'live'
                  AND message.kind <> ALL(%s)
        """,
        [
            [one.message_id for one in moves],
            [one.target for one in moves],
            workspace_id,
            [kind.value for kind in SILENT],
        ],
    )
    heard = {id_ for id_, is_heard in rows if is_heard}
    taken = Counter(
        (one.source, one.target) for one in moves if one.message_id in heard
    )
    for (source, target), count in taken.items():
        _pass_unread(workspace_id, source=source, target=target, count=count)
    _recount(
        workspace_id, sorted({id_ for one in moves for id_ in (one.source, one.target)})
    )


def _pass_unread(workspace_id: int, *, source: int, target: int, count: int) -> None:
    bulk.run(
        """
        WITH held AS (
            SELECT id, unread_count FROM whatsapp_conversation
             WHERE id = %(source)s AND workspace_id = %(workspace)s FOR UPDATE
        ), passed AS (SELECT LEAST(unread_count, %(count)s::int) AS unread FROM held)
        UPDATE whatsapp_conversation thread
           SET unread_count = thread.unread_count
               + CASE WHEN thread.id = %(target)s THEN passed.unread ELSE -passed.unread END
          FROM passed
         WHERE thread.id IN (%(source)s, %(target)s)
           AND thread.workspace_id = %(workspace)s
        """,
        {"source": source, "target": target, "count": count, "workspace": workspace_id},
    )


def _recount(workspace_id: int, conversation_ids: Sequence[int]) -> None:
    newest = bulk.run(
        """
        SELECT thread.id, counted.messages, counted.inbound_at, last.provider_at,
               last.direction, last.kind, left(last.text, 1000)
          FROM unnest(%s::bigint[]) AS thread(id)
         CROSS JOIN LATERAL (
               SELECT count(*) AS messages, max(provider_at) FILTER (
                          WHERE direction = 'inbound' AND origin = 'live'
                            AND kind <> ALL(%s)) AS inbound_at
                 FROM whatsapp_message WHERE conversation_id = thread.id) counted
          LEFT JOIN LATERAL (
               SELECT provider_at, direction, kind, text FROM whatsapp_message
                WHERE conversation_id = thread.id AND origin <> 'automatic'
                ORDER BY provider_at DESC, id DESC LIMIT 1) last ON true
        """,
        [list(conversation_ids), [kind.value for kind in SILENT]],
    )
    rows = [_row(*one) for one in newest]
    bulk.run(
        """
        UPDATE whatsapp_conversation thread
           SET message_count = new.messages, last_inbound_at = new.inbound_at,
               last_message_at = COALESCE(new.last_at, thread.last_message_at),
               last_direction = new.direction, preview = new.preview,
               state = CASE WHEN new.messages = 0 THEN 'closed' ELSE thread.state END
          FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[],
                      %s::text[], %s::text[])
               AS new(id, messages, inbound_at, last_at, direction, preview)
         WHERE thread.id = new.id AND thread.workspace_id = %s
        """,
        [*map(list, zip(*rows, strict=True)), workspace_id],
    )
    first_answers.settle(workspace_id, conversation_ids)


def _row(
    id_: int,
    messages: int,
    inbound_at: Any,
    last_at: Any,
    direction: str | None,
    kind: str | None,
    text: str | None,
) -> tuple[Any, ...]:
    preview = preview_of(text or "", kind=kind) if kind else ""
    return id_, messages, inbound_at, last_at, direction or "", preview
