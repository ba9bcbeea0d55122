"""A merge is taken back: every row to where it was, and what came later to whose it is.

What was recorded goes back as it was, unless somebody has changed it since. A message that
came after the merge follows the name it was written under (`Message.peer_key`), with the
verdicts made on it; notes and edits stay with the lead they were written to. Rooms above hear
of it (`signals.leads_parted`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from accounts import bulk
from whatsapp.folding import fold
from whatsapp.models import Identity, LeadMerge
from whatsapp.services import announcing, conversations, recounting
from whatsapp.services.joining import TABLES
from whatsapp.services.people import origin_rank
from whatsapp.signals import leads_parted


@dataclass(frozen=True, slots=True)
class _Two:
    """The leads of a merge, and the names under which each is written to."""

    workspace_id: int
    gone: int
    stays: int
    since: datetime
    names: dict[int, list[str]]

    @property
    def ids(self) -> list[int]:
        return [self.gone, self.stays]

    def other(self, lead_id: int) -> int:
        return self.gone if lead_id == self.stays else self.stays


def part(merge: LeadMerge, *, now: datetime) -> None:
    """In the caller's transaction, which holds both leads and knows the merge is not undone."""
    _move_back(merge)
    two = _Two(
        merge.workspace_id,
        merge.gone_id,
        merge.stays_id,
        merge.merged_at,
        {id_: _names(merge, id_) for id_ in (merge.gone_id, merge.stays_id)},
    )
    _restore_fields(merge)
    for lead_id in two.ids:
        _move_whole_threads(two, to=lead_id)
    _reopen(merge)
    for lead_id in two.ids:
        _move_messages(two, to=lead_id, now=now)
    came = _move_verdicts(two)
    for lead_id in two.ids:
        _point_again(two, lead_id, came=came)
    leads_parted.send(LeadMerge, merge=merge, now=now)
    announcing.leads(merge.workspace_id, two.ids)


def _move_back(merge: LeadMerge) -> None:
    for name, table in TABLES.items():
        _own(merge, table, "lead_id", merge.moved.get(name, []))
    _own(merge, "whatsapp_lead", "merged_into_id", merge.moved.get("leads", []))


def _own(merge: LeadMerge, table: str, column: str, ids: Sequence[int]) -> None:
    if ids:
        bulk.run(
            f"UPDATE {table} SET {column} = %s"  # noqa: S608  # names of our rooms
            f" WHERE id = ANY(%s) AND {column} = %s AND workspace_id = %s",
            [merge.gone_id, list(ids), merge.stays_id, merge.workspace_id],
        )


def _names(merge: LeadMerge, lead_id: int) -> list[str]:
    names = Identity.objects.for_workspace(merge.workspace_id).filter(lead=lead_id)
    return sorted(set(names.values_list("match_key", flat=True)))


def _restore_fields(merge: LeadMerge) -> None:
    """What has become yet another since is somebody's work and stays."""
    [now] = _fields(merge.workspace_id, merge.stays_id)
    before = {
        name: _read(name, was)
        for name, (was, became) in merge.changes.items()
        if now[name] == _read(name, became)
    }
    token_changes = "first_touch_token" in before
    gone = {"merged_into_id": None}
    if token_changes:
        _write(merge.workspace_id, merge.gone_id, {"first_touch_token": None})
        gone |= {"first_touch_token": now["first_touch_token"]}
    if "name" in before:
        before["search_text"] = fold(before["name"])
    _write(merge.workspace_id, merge.stays_id, before)
    _write(merge.workspace_id, merge.gone_id, gone)
    for name in merge.changes.keys() - before.keys():
        _hand_down(merge, name)


def _hand_down(merge: LeadMerge, name: str) -> None:
    """A later merge goes on from what this one gave: without this one, from what was before.

    A token that the later one handed on to its own lead goes back to ours the same way.
    """
    was, became = merge.changes[name]
    later = next(
        (
            one
            for one in LeadMerge.objects.for_workspace(merge.workspace_id)
            .filter(stays=merge.stays_id, undone_at=None, pk__gt=merge.pk)
            .select_for_update(of=("self",))
            .order_by("pk")
            if one.changes.get(name, [None])[0] == became
        ),
        None,
    )
    if later is None:
        return
    if name == "first_touch_token":
        for lead_id in (later.gone_id, merge.gone_id):
            _write(merge.workspace_id, lead_id, {name: None})
        _write(merge.workspace_id, later.gone_id, {name: was})
        _write(merge.workspace_id, merge.gone_id, {name: became})
    later.changes[name] = [was, later.changes[name][1]]
    later.save(update_fields=["changes"])


def _read(name: str, told: Any) -> Any:
    return parse_datetime(told) if name == "created_at" else told


_FIELDS = (
    *("name", "email", "stage", "is_anonymous", "created_at", "attribution_id"),
    "first_touch_token",
)


def _fields(workspace_id: int, lead_id: int) -> list[dict[str, Any]]:
    rows = bulk.run(
        f"SELECT {', '.join(_FIELDS)} FROM whatsapp_lead"  # noqa: S608  # constants
        " WHERE id = %s AND workspace_id = %s",
        [lead_id, workspace_id],
    )
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows]


def _write(workspace_id: int, lead_id: int, values: dict[str, Any]) -> None:
    if values:
        bulk.run(
            f"UPDATE whatsapp_lead SET {', '.join(f'{name} = %s' for name in values)},"  # noqa: S608  # names of fields
            " updated_at = now() WHERE id = %s AND workspace_id = %s",
            [*values.values(), lead_id, workspace_id],
        )


# Written since the merge under a name of the lead that the thread is not of.
_STRAY = """
message.stored_at >= %(since)s AND message.peer_key = ANY(%(names)s)
"""


def _move_whole_threads(two: _Two, *, to: int) -> None:
    """A conversation that began after the merge, and in which only they have written."""
    bulk.run(
        """
        UPDATE whatsapp_conversation thread SET lead_id = %(to)s
         WHERE thread.lead_id = %(other)s AND thread.workspace_id = %(workspace)s
           AND thread.created_at >= %(since)s
           AND EXISTS (SELECT FROM whatsapp_message message
                        WHERE message.conversation_id = thread.id)
           AND NOT EXISTS (SELECT FROM whatsapp_message message
                            WHERE message.conversation_id = thread.id
                              AND message.peer_key <> ALL(%(names)s))
           AND (thread.state <> 'open' OR NOT EXISTS (
                SELECT FROM whatsapp_conversation open
                 WHERE open.lead_id = %(to)s AND open.channel_id = thread.channel_id
                   AND open.state = 'open'))
        """,
        _asked(two, to),
    )


def _asked(two: _Two, to: int) -> dict[str, Any]:
    return {
        "to": to,
        "other": two.other(to),
        "workspace": two.workspace_id,
        "since": two.since,
        "names": two.names[to],
    }


def _reopen(merge: LeadMerge) -> None:
    """Threads that the merge closed, where no other one is open now."""
    closed = [one["closed"] for one in merge.threads]
    if not closed:
        return
    bulk.run(
        """
        UPDATE whatsapp_conversation thread SET state = 'open'
         WHERE thread.id = ANY(%s) AND thread.workspace_id = %s
           AND thread.state = 'closed' AND thread.lead_id = ANY(%s)
           AND NOT EXISTS (
               SELECT FROM whatsapp_conversation open
                WHERE open.lead_id = thread.lead_id AND open.state = 'open'
                  AND open.channel_id = thread.channel_id)
        """,
        [closed, merge.workspace_id, [merge.gone_id, merge.stays_id]],
    )
    passed = {one["open"]: one["assignee"] for one in merge.threads if one["assignee"]}
    if passed:
        bulk.run(
            """
            UPDATE whatsapp_conversation thread SET assignee_id = NULL
              FROM unnest(%s::bigint[], %s::bigint[]) AS passed(id, assignee_id)
             WHERE thread.id = passed.id AND thread.workspace_id = %s
               AND thread.assignee_id = passed.assignee_id
            """,
            [list(passed), list(passed.values()), merge.workspace_id],
        )


def _move_messages(two: _Two, *, to: int, now: datetime) -> None:
    """Messages into the open thread of whoever wrote them, where they stand in the other's."""
    strays = bulk.run(
        f"""
        SELECT thread.channel_id, thread.id, message.id
          FROM whatsapp_conversation thread
          JOIN whatsapp_message message ON message.conversation_id = thread.id
         WHERE thread.lead_id = %(other)s AND thread.workspace_id = %(workspace)s
           AND {_STRAY}
        """,  # noqa: S608  # constants of this module
        _asked(two, to),
    )
    if not strays:
        return
    threads = {(channel, to) for channel, _, _ in strays}
    opened = conversations.open_threads(two.workspace_id, threads, now=now)
    moves = [
        recounting.Move(message, source, opened[channel, to].id)
        for channel, source, message in strays
    ]
    recounting.move(two.workspace_id, moves)


def _move_verdicts(two: _Two) -> set[int]:
    """Verdicts made since on messages that are the other's, and the touches they claimed.

    Returns the ids of those verdicts.
    """
    rows = bulk.run(
        """
        UPDATE whatsapp_attribution verdict SET lead_id = thread.lead_id
          FROM whatsapp_message message
          JOIN whatsapp_conversation thread ON thread.id = message.conversation_id
         WHERE verdict.lead_id = ANY(%(leads)s) AND verdict.workspace_id = %(workspace)s
           AND verdict.decided_at >= %(since)s
           AND message.workspace_id = verdict.workspace_id
           AND message.channel_id = verdict.channel_id
           AND message.external_id = verdict.message_external_id
           AND thread.lead_id = ANY(%(leads)s) AND thread.lead_id <> verdict.lead_id
        RETURNING verdict.id, verdict.touch_id, verdict.lead_id
        """,
        {"leads": two.ids, "workspace": two.workspace_id, "since": two.since},
    )
    claimed = {touch: lead for _, touch, lead in rows if touch is not None}
    if claimed:
        bulk.run(
            """
            UPDATE whatsapp_touch touch SET lead_id = new.lead_id
              FROM unnest(%s::bigint[], %s::bigint[]) AS new(id, lead_id)
             WHERE touch.id = new.id AND touch.lead_id = ANY(%s)
               AND touch.workspace_id = %s
               AND NOT EXISTS (SELECT FROM whatsapp_attribution verdict
                                WHERE verdict.touch_id = touch.id
                                  AND verdict.lead_id = touch.lead_id)
            """,
            [list(claimed), list(claimed.values()), two.ids, two.workspace_id],
        )
    return {id_ for id_, _, _ in rows}


def _point_again(two: _Two, lead_id: int, *, came: Collection[int]) -> None:
    """The verdict that counts is one of the lead's own; one that came now may explain more."""
    verdicts = bulk.run(
        """
        SELECT verdict.id, verdict.rule, verdict.confidence, verdict.touch_id
          FROM whatsapp_attribution verdict
          LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
         WHERE verdict.lead_id = %s AND verdict.workspace_id = %s
         ORDER BY COALESCE(touch.occurred_at, verdict.decided_at), verdict.id
        """,
        [lead_id, two.workspace_id],
    )
    [now] = _fields(two.workspace_id, lead_id)
    counts = now["attribution_id"]
    is_lost = counts is not None and all(row[0] != counts for row in verdicts)
    rank = max((_rank(row) for row in verdicts if row[0] == counts), default=-1)
    rivals = [row for row in verdicts if is_lost or row[0] in came]
    best = max(rivals, key=_rank, default=None)
    if best is not None and _rank(best) > rank:
        told = {"attribution_id": best[0], "is_anonymous": best[3] is None}
        _write(two.workspace_id, lead_id, told)
    elif is_lost:
        _write(two.workspace_id, lead_id, {"attribution_id": None})


def _rank(row: Sequence[Any]) -> int:
    _, rule, confidence, touch_id = row
    return origin_rank(rule, confidence, touch_id)
