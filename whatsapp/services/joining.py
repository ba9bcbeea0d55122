"""Two leads become one: every row that says whose it is changes hands, in sets.

`merging` asks for it by hand, `reunions` when a provider told two names of one person. The
number of statements grows with how many leads become one person, never with the pairs.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts import bulk
from accounts.keys import new_key
from whatsapp.folding import fold
from whatsapp.services import announcing, blend
from whatsapp.services.blend import Standing

Evidence = list[dict[str, Any]]
# What says whose it is. Conversations go after the ones that stand in their way are closed.
TABLES = {
    "identities": "whatsapp_identity",
    "touches": "whatsapp_touch",
    "attributions": "whatsapp_attribution",
    "notes": "whatsapp_leadnote",
    "conversations": "whatsapp_conversation",
}


@dataclass(frozen=True, slots=True)
class Join:
    """`gone` is to go into `stays`. `actor_id` is None where no person asked for it."""

    gone: int
    stays: int
    reason: str = ""
    evidence: Evidence = field(default_factory=list)
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    key: uuid.UUID
    gone: int
    stays: int


def join(workspace_id: int, wanted: Sequence[Join], *, now: datetime) -> list[Joined]:
    """Join pairs of leads, in the caller's transaction. A pair that is one already is left
    out, and so is one of which somebody else has merged a lead away meanwhile."""
    done: list[Joined] = []
    went: dict[int, int] = {}
    rest = list(wanted)
    while rest:
        pairs, rest = _disjoint(rest, went)
        joined = _join(workspace_id, pairs, now=now) if pairs else []
        went |= {one.gone: one.stays for one in joined}
        done += joined
    announcing.leads(workspace_id, [one.stays for one in done])
    return done


def _disjoint(
    wanted: Sequence[Join], went: Mapping[int, int]
) -> tuple[list[Join], list[Join]]:
    """Pairs of leads that share none, and what has to wait for them."""
    taken: set[int] = set()
    pairs, rest = [], []
    for one in wanted:
        gone, stays = _end(one.gone, went), _end(one.stays, went)
        if gone == stays:
            continue
        pair = Join(gone, stays, one.reason, one.evidence, one.actor_id)
        if taken.isdisjoint({gone, stays}):
            pairs.append(pair)
            taken |= {gone, stays}
        else:
            rest.append(pair)
    return pairs, rest


def _end(lead_id: int, went: Mapping[int, int]) -> int:
    while lead_id in went:
        lead_id = went[lead_id]
    return lead_id


def hold(workspace_id: int, lead_ids: Sequence[int]) -> dict[int, Standing]:
    """Nobody opens a conversation for these leads, or merges them, until we are done."""
    bulk.run(
        "SELECT id FROM whatsapp_lead WHERE id = ANY(%s) AND workspace_id = %s"
        " ORDER BY id FOR UPDATE",
        [sorted(lead_ids), workspace_id],
    )
    # A statement of its own: only now it is known what they had become meanwhile.
    return blend.standings(workspace_id, sorted(lead_ids))


def _join(workspace_id: int, wanted: Sequence[Join], *, now: datetime) -> list[Joined]:
    held = hold(workspace_id, [id_ for one in wanted for id_ in (one.gone, one.stays)])
    pairs = [
        one
        for one in wanted
        if all(
            id_ in held and held[id_].merged_into_id is None
            for id_ in (one.gone, one.stays)
        )
    ]
    if not pairs:
        return []
    threads = _close_older(workspace_id, pairs)
    moved = {
        name: _move(workspace_id, table, "lead_id", pairs)
        for name, table in TABLES.items()
    }
    moved["leads"] = _move(workspace_id, "whatsapp_lead", "merged_into_id", pairs)
    changes = {one.gone: blend.blend(held[one.stays], held[one.gone]) for one in pairs}
    _write_leads(workspace_id, pairs, held, changes)
    return _keep(workspace_id, pairs, held, changes, moved, threads, now=now)


def _move(
    workspace_id: int, table: str, column: str, pairs: Sequence[Join]
) -> dict[int, list[int]]:
    """Rows of a table into other hands. Returns their ids, by whose they were."""
    rows = bulk.run(
        f"""
        UPDATE {table} moved SET {column} = pair.stays
          FROM unnest(%s::bigint[], %s::bigint[]) AS pair(gone, stays)
         WHERE moved.{column} = pair.gone AND moved.workspace_id = %s
        RETURNING pair.gone, moved.id
        """,  # noqa: S608  # names of this module
        [[one.gone for one in pairs], [one.stays for one in pairs], workspace_id],
    )
    moved: dict[int, list[int]] = {}
    for gone, id_ in sorted(rows):
        moved.setdefault(gone, []).append(id_)
    return moved


def _close_older(
    workspace_id: int, pairs: Sequence[Join]
) -> dict[int, list[dict[str, Any]]]:
    """Where both have an open conversation on a number, the one with the last message stays
    open. It also takes over whose it is to answer, if it is nobody's."""
    rows = bulk.run(
        """
        SELECT pair.gone, theirs.id, theirs.last_message_at, theirs.assignee_id,
               ours.id, ours.last_message_at, ours.assignee_id
          FROM unnest(%s::bigint[], %s::bigint[]) AS pair(gone, stays)
          JOIN whatsapp_conversation theirs
            ON theirs.lead_id = pair.gone AND theirs.state = 'open'
          JOIN whatsapp_conversation ours
            ON ours.lead_id = pair.stays AND ours.state = 'open'
           AND ours.channel_id = theirs.channel_id
         WHERE theirs.workspace_id = %s
         ORDER BY theirs.id, ours.id FOR UPDATE OF theirs, ours
        """,
        [[one.gone for one in pairs], [one.stays for one in pairs], workspace_id],
    )
    threads: dict[int, list[dict[str, Any]]] = {}
    closed, assigned = [], {}
    for gone, *both in rows:
        theirs, ours = tuple(both[:3]), tuple(both[3:])
        older, newer = (ours, theirs) if theirs[1] > ours[1] else (theirs, ours)
        passed = older[2] if newer[2] is None else None
        closed.append(older[0])
        if passed is not None:
            assigned[newer[0]] = passed
        threads.setdefault(gone, []).append(
            {"closed": older[0], "open": newer[0], "assignee": passed}
        )
    if closed:
        bulk.run(
            """
            UPDATE whatsapp_conversation conversation
               SET state = CASE WHEN new.assignee_id = 0 THEN 'closed' ELSE state END,
                   assignee_id = CASE WHEN new.assignee_id = 0
                                      THEN conversation.assignee_id
                                      ELSE new.assignee_id END
              FROM unnest(%s::bigint[], %s::bigint[]) AS new(id, assignee_id)
             WHERE conversation.id = new.id AND conversation.workspace_id = %s
            """,
            [
                [*closed, *assigned],
                [*(0 for _ in closed), *assigned.values()],
                workspace_id,
            ],
        )
    return threads


def _write_leads(
    workspace_id: int,
    pairs: Sequence[Join],
    held: Mapping[int, Standing],
    changes: Mapping[int, Mapping[str, Any]],
) -> None:
    """A token is unique: who gives it away loses it before the other one takes it."""
    swaps = {
        one.gone: held[one.stays].first_touch_token
        for one in pairs
        if "first_touch_token" in changes[one.gone]
    }
    bulk.run(
        """
        UPDATE whatsapp_lead lead
           SET merged_into_id = pair.stays, updated_at = now(),
               first_touch_token = CASE WHEN pair.swaps THEN NULL
                                        ELSE lead.first_touch_token END
          FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[])
               AS pair(gone, stays, swaps)
         WHERE lead.id = pair.gone AND lead.workspace_id = %s
        """,
        [
            [one.gone for one in pairs],
            [one.stays for one in pairs],
            [one.gone in swaps for one in pairs],
            workspace_id,
        ],
    )
    became = [_became(held[one.stays], changes[one.gone]) for one in pairs]
    bulk.run(
        """
        UPDATE whatsapp_lead lead
           SET name = new.name, search_text = new.search_text, email = new.email,
               stage = new.stage, is_anonymous = new.is_anonymous,
               created_at = new.created_at, attribution_id = new.attribution_id,
               first_touch_token = new.token, updated_at = now()
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                      %s::boolean[], %s::timestamptz[], %s::bigint[], %s::text[])
               AS new(id, name, search_text, email, stage, is_anonymous, created_at,
                      attribution_id, token)
         WHERE lead.id = new.id AND lead.workspace_id = %s
        """,
        [*map(list, zip(*became, strict=True)), workspace_id],
    )
    given = {gone: token for gone, token in swaps.items() if token}
    if given:
        bulk.run(
            """
            UPDATE whatsapp_lead lead SET first_touch_token = new.token
              FROM unnest(%s::bigint[], %s::text[]) AS new(id, token)
             WHERE lead.id = new.id AND lead.workspace_id = %s
            """,
            [list(given), list(given.values()), workspace_id],
        )


def _became(stays: Standing, changes: Mapping[str, Any]) -> tuple[Any, ...]:
    def now(name: str) -> Any:
        return changes.get(name, getattr(stays, name))

    return (
        stays.id,
        now("name"),
        fold(now("name")),
        now("email"),
        now("stage"),
        now("is_anonymous"),
        now("created_at"),
        now("attribution_id"),
        now("first_touch_token"),
    )


def _keep(
    workspace_id: int,
    pairs: Sequence[Join],
    held: Mapping[int, Standing],
    changes: Mapping[int, Mapping[str, Any]],
    moved: Mapping[str, Mapping[int, list[int]]],
    threads: Mapping[int, list[dict[str, Any]]],
    *,
    now: datetime,
) -> list[Joined]:
    """Write down what happened, so that it can be taken back."""
    done = [Joined(new_key(), one.gone, one.stays) for one in pairs]
    bulk.run(
        """
        INSERT INTO whatsapp_leadmerge (key, workspace_id, gone_id, stays_id, reason,
               evidence, moved, threads, changes, actor_id, merged_at, undo_reason)
        SELECT key, %s, gone_id, stays_id, reason, evidence::jsonb, moved::jsonb,
               threads::jsonb, changes::jsonb, actor_id, %s, ''
          FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
                      %s::text[], %s::text[], %s::text[], %s::bigint[])
               AS new(key, gone_id, stays_id, reason, evidence, moved, threads, changes,
                      actor_id)
        """,
        [
            workspace_id,
            now,
            [one.key for one in done],
            [one.gone for one in pairs],
            [one.stays for one in pairs],
            [one.reason for one in pairs],
            [json.dumps(one.evidence) for one in pairs],
            [
                json.dumps({name: by.get(one.gone, []) for name, by in moved.items()})
                for one in pairs
            ],
            [json.dumps(threads.get(one.gone, [])) for one in pairs],
            [json.dumps(_told(held[one.stays], changes[one.gone])) for one in pairs],
            [one.actor_id for one in pairs],
        ],
    )
    return done


def _told(stays: Standing, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each field that becomes another: what it was, and what it is now."""
    return {
        name: [_plain(getattr(stays, name)), _plain(new)]
        for name, new in changes.items()
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
