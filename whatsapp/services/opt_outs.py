"""The opt-out ledger: who does not want to be written to, since when and who says so.

What somebody says under one of their names holds for all of them: a person who is a lead is
looked up by every name that the lead is known by.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts import audit, bulk
from accounts.models import User, Workspace
from accounts.scoping import inside
from whatsapp.models import (
    Identity,
    Lead,
    OptOut,
    OptOutScope,
    OptOutSource,
    OptOutWords,
)
from whatsapp.selectors import leads, silence


def note(
    workspace_id: int,
    *,
    peer_key: str,
    scope: OptOutScope,
    source: str,
    now: datetime,
    channel_id: int | None = None,
    is_out: bool = True,
    actor: User | None = None,
    reason: str = "",
) -> OptOut | None:
    """Append what somebody said; None when that is how it stands already.

    Without a channel it is about every number. What was said last about a number or about
    all of them counts.
    """
    with inside(workspace_id):
        newest = (
            OptOut.objects.for_workspace(workspace_id)
            .filter(_about(channel_id), peer_key=peer_key, scope=scope)
            .order_by("-pk")
            .first()
        )
        if newest is not None and newest.is_out == is_out:
            return None
        row: OptOut = OptOut.objects.create(
            workspace_id=workspace_id,
            channel_id=channel_id,
            peer_key=peer_key,
            scope=scope,
            is_out=is_out,
            source=source[:40],
            reason=reason[:200],
            actor=actor,
            told_at=now,
        )
    return row


def _about(channel_id: int | None) -> Q:
    return Q(channel=None) if channel_id is None else Q(channel_id=channel_id)


def scopes_for(workspace_id: int, *, peer_key: str, channel_id: int) -> frozenset[str]:
    """What this person does not want to get from this number."""
    with inside(workspace_id):
        names = names_of(workspace_id, peer_key)
        told = (
            OptOut.objects.for_workspace(workspace_id)
            .filter(_about(channel_id) | _about(None), peer_key__in=names)
            .order_by("pk")
        )
        standing = {row.scope: row.is_out for row in told}
    return frozenset(scope for scope, is_out in standing.items() if is_out)


def names_of(workspace_id: int, peer_key: str) -> list[str]:
    """Every match key of whoever is known by this one, itself first."""
    identities = Identity.objects.for_workspace(workspace_id)
    whose = identities.filter(match_key=peer_key).values("lead")
    others = identities.filter(lead__in=whose).values_list("match_key", flat=True)
    return list(dict.fromkeys([peer_key, *others]))


@dataclass(frozen=True, slots=True)
class Said:
    """What a person told about themselves: `is_out` false is that they want to hear again."""

    peer_key: str
    is_out: bool
    scope: OptOutScope
    source: OptOutSource


def take(workspace_id: int, said: Iterable[Said], *, now: datetime) -> list[OptOut]:
    """Write down what people said, in order; rows for what was news.

    Who wants to hear from us again takes back everything they ever refused: both scopes,
    and what was about one number alone.
    """
    news: list[OptOut] = []
    with inside(workspace_id):
        for one in said:
            if one.is_out:
                row = note(
                    workspace_id,
                    peer_key=one.peer_key,
                    scope=one.scope,
                    source=one.source,
                    now=now,
                )
                news += [row] if row is not None else []
            else:
                news += _take_back(
                    workspace_id,
                    names_of(workspace_id, one.peer_key),
                    source=one.source,
                    now=now,
                )
    return news


def _take_back(
    workspace_id: int,
    peer_keys: Collection[str],
    *,
    source: str,
    now: datetime,
    scopes: Collection[str] = OptOutScope.values,
    actor: User | None = None,
    reason: str = "",
) -> list[OptOut]:
    standing: dict[tuple[str, int | None, str], OptOut] = {}
    told = OptOut.objects.for_workspace(workspace_id).filter(
        peer_key__in=peer_keys, scope__in=scopes
    )
    for row in told.order_by("pk"):
        standing[row.peer_key, row.channel_id, row.scope] = row
    refused = [row for row in standing.values() if row.is_out]
    taken = [
        note(
            workspace_id,
            peer_key=row.peer_key,
            channel_id=row.channel_id,
            scope=OptOutScope(row.scope),
            is_out=False,
            source=source,
            actor=actor,
            reason=reason,
            now=now,
        )
        for row in refused
    ]
    return [row for row in taken if row is not None]


class NoName(ValueError):
    """A lead that is known by no number and no id cannot be written to, nor be silent."""


def note_of_lead(
    lead: Lead,
    *,
    wanted: str,
    reason: str,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """What a member notes about a person; False when it stands like that already.

    `wanted` is the scope of what they want no more of, or empty where they want to hear
    from us. Nobody is written to for it: the member knows it from the person. Raises NoName.
    """
    with inside(lead.workspace_id):
        names = [one.match_key for one in leads.list_identities(lead)]
        if not names:
            raise NoName
        before = silence.of_lead(lead).scope
        if wanted == before:
            return False
        common: dict[str, Any] = {
            "source": OptOutSource.MEMBER,
            "reason": reason,
            "actor": actor,
            "now": now,
        }
        back = [one for one in OptOutScope.values if one != wanted]
        _take_back(lead.workspace_id, names, scopes=back, **common)
        if wanted:
            scope = OptOutScope(wanted)
            note(lead.workspace_id, peer_key=names[0], scope=scope, **common)
        audit.record(
            workspace=lead.workspace,
            action="lead.opted_out" if wanted else "lead.opted_in",
            actor=actor,
            target=str(lead.key),
            details={"from": before, "to": wanted},
            ip=ip,
            now=now,
        )
    return True


@dataclass(frozen=True, slots=True)
class WordRules:
    """What an admin sets up about the words; the columns of OptOutWords."""

    is_on: bool
    confirms: bool
    stop_words: list[str]
    start_words: list[str]
    texts: dict[str, dict[str, str]]


def change_words(
    workspace: Workspace, rules: WordRules, *, actor: User, ip: str | None = None
) -> bool:
    """False when nothing was different."""
    with inside(workspace.pk):
        rows = OptOutWords.objects.for_workspace(workspace).select_for_update()
        found = rows.first()
        row = found or OptOutWords(workspace=workspace)
        values = asdict(rules)
        changed = [
            name for name, value in values.items() if getattr(row, name) != value
        ]
        if found is not None and not changed:
            return False
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        audit.record(
            workspace=workspace,
            action="workspace.opt_out_words_changed",
            actor=actor,
            target=str(workspace.key),
            details={"is_on": row.is_on, "changed": sorted(changed)},
            ip=ip,
        )
    return True


def silent_keys(
    workspace_id: int, asked: Collection[tuple[str, int]]
) -> set[tuple[str, int]]:
    """Those of (peer key, channel id) that want nothing unasked, whatever it is."""
    if not asked:
        return set()
    rows = bulk.run(
        """
        SELECT wanted.peer_key, wanted.channel_id
          FROM unnest(%s::text[], %s::bigint[]) AS wanted(peer_key, channel_id)
         WHERE (SELECT told.is_out FROM whatsapp_optout told
                 WHERE told.workspace_id = %s AND told.scope = 'all'
                   AND told.peer_key = ANY (ARRAY(
                        SELECT wanted.peer_key UNION ALL
                        SELECT other.match_key FROM whatsapp_identity name
                          JOIN whatsapp_identity other ON other.lead_id = name.lead_id
                         WHERE name.workspace_id = %s
                           AND name.match_key = wanted.peer_key))
                   AND (told.channel_id IS NULL OR told.channel_id = wanted.channel_id)
                 ORDER BY told.id DESC LIMIT 1)
        """,
        [
            [peer_key for peer_key, _ in asked],
            [channel_id for _, channel_id in asked],
            workspace_id,
            workspace_id,
        ],
    )
    return {(peer_key, channel_id) for peer_key, channel_id in rows}


def standing(
    workspace_id: int, asked: Collection[tuple[str, int]]
) -> dict[tuple[str, int], frozenset[str]]:
    """As `scopes_for`, of many (peer key, channel id) at once; who said nothing is not in it."""
    if not asked:
        return {}
    rows = bulk.run(
        """
        SELECT wanted.peer_key, wanted.channel_id, said.scope
          FROM unnest(%s::text[], %s::bigint[]) AS wanted(peer_key, channel_id)
         CROSS JOIN LATERAL (
               SELECT DISTINCT ON (told.scope) told.scope, told.is_out
                 FROM whatsapp_optout told
                WHERE told.workspace_id = %s
                  AND told.peer_key = ANY (ARRAY(
                        SELECT wanted.peer_key UNION ALL
                        SELECT other.match_key FROM whatsapp_identity name
                          JOIN whatsapp_identity other ON other.lead_id = name.lead_id
                         WHERE name.workspace_id = %s
                           AND name.match_key = wanted.peer_key))
                  AND (told.channel_id IS NULL OR told.channel_id = wanted.channel_id)
                ORDER BY told.scope, told.id DESC) said
         WHERE said.is_out
        """,
        [
            [peer_key for peer_key, _ in asked],
            [channel_id for _, channel_id in asked],
            workspace_id,
            workspace_id,
        ],
    )
    found: dict[tuple[str, int], frozenset[str]] = {}
    for peer_key, channel_id, scope in rows:
        place = peer_key, channel_id
        found[place] = found.get(place, frozenset()) | {scope}
    return found
