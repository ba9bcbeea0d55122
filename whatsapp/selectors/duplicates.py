"""Leads that may be one person: what speaks for it and how loudly, for a person to decide.

Every question is asked of an index for a given set of leads: one for its page, a stretch of
the newest for the list. So a page costs the same however many leads there are.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import bulk, paging
from accounts.models import Workspace
from whatsapp import phones
from whatsapp.models import Lead, PairVerdict, TouchKind
from whatsapp.selectors import leads, own_numbers
from whatsapp.selectors.leads import LeadRow
from whatsapp.selectors.pairs import Pair, told_apart

STRETCH = 2_000  # leads that a page of the list looks at, at most
_STEP = 50  # of them to begin with; twice as many each time that the page is not full
_MOST_ON_PAGE = 8  # suggestions on a lead's own page
PAGE_SIZE = 50
_MOST_BESIDE = 5  # others by one clue: a name that everybody has is none
CLUES = ("told", "email", "phone", "token", "name")
STRENGTHS = ("strong", "likely", "possible")
# How much each clue says alone; two that agree say one step more.
_LOUD = {"told": 2, "email": 2, "name_at_once": 1, "phone": 0, "token": 0, "name": 0}
_AT_ONCE = timedelta(hours=72)
_FAR_APART = timedelta(days=30)

_OTHERS = """
WITH looked AS MATERIALIZED (
    SELECT id, email_key, search_text, created_at FROM whatsapp_lead
     WHERE workspace_id = %(workspace)s AND id = ANY(%(leads)s)
)
SELECT looked.id, other.id, 'email', NULL::interval
  FROM looked CROSS JOIN LATERAL (
       SELECT lead.id FROM whatsapp_lead lead
        WHERE lead.workspace_id = %(workspace)s AND lead.email_key = looked.email_key
          AND lead.email_key <> '' AND lead.merged_into_id IS NULL
          AND lead.id <> looked.id LIMIT %(most)s) other
 WHERE looked.email_key <> ''
UNION ALL
SELECT looked.id, other.id, 'name',
       GREATEST(other.created_at - looked.created_at, looked.created_at - other.created_at)
  FROM looked CROSS JOIN LATERAL (
       SELECT lead.id, lead.created_at FROM whatsapp_lead lead
        WHERE lead.workspace_id = %(workspace)s AND lead.search_text = looked.search_text
          AND lead.search_text <> '' AND lead.merged_into_id IS NULL
          AND lead.created_at >= looked.created_at - %(apart)s
          AND lead.created_at <= looked.created_at + %(apart)s
          AND lead.id <> looked.id LIMIT %(most)s) other
 WHERE looked.search_text LIKE '%% %%'
UNION ALL
SELECT looked.id, other.lead_id, 'token', NULL
  FROM looked
  JOIN whatsapp_attribution mine
    ON mine.lead_id = looked.id AND mine.touch_id IS NOT NULL
 CROSS JOIN LATERAL (
       SELECT theirs.lead_id FROM whatsapp_attribution theirs
        WHERE theirs.touch_id = mine.touch_id AND theirs.lead_id <> looked.id
          AND theirs.workspace_id = %(workspace)s LIMIT %(most)s) other
UNION ALL
SELECT looked.id, pair.second_id, 'told', NULL
  FROM looked JOIN whatsapp_leadpair pair
    ON pair.workspace_id = %(workspace)s AND pair.first_id = looked.id
   AND pair.verdict = %(suspected)s
UNION ALL
SELECT looked.id, pair.first_id, 'told', NULL
  FROM looked JOIN whatsapp_leadpair pair
    ON pair.workspace_id = %(workspace)s AND pair.second_id = looked.id
   AND pair.verdict = %(suspected)s
"""


Told = Mapping[str, timedelta | None]  # a clue, and how far apart they wrote first


@dataclass(frozen=True, slots=True)
class _Found:
    one: int  # lead ids
    other: int
    told: Told

    @property
    def strength(self) -> str:
        loud = max(_LOUD[_as_said(clue, apart)] for clue, apart in self.told.items())
        return STRENGTHS[2 - min(2, loud + (len(self.told) > 1))]


def _as_said(clue: str, apart: timedelta | None) -> str:
    """The same name says more of people who wrote within days of each other."""
    is_near = clue == "name" and apart is not None and apart <= _AT_ONCE
    return "name_at_once" if is_near else clue


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Two leads, and what speaks for their being one; `one` is the newer of the two."""

    one: LeadRow
    other: LeadRow
    clues: tuple[str, ...]
    strength: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Suspicions among the newest leads; `since` is how far back was looked."""

    rows: tuple[Suspicion, ...]
    since: datetime | None
    older: str | None


def list_for_lead(workspace: Workspace, lead: Lead) -> list[Suspicion]:
    """The loudest first; `one` is the lead itself."""
    if lead.merged_into_id is not None:
        return []
    found = [
        _Found(lead.pk, other, told)
        for pair, told in _clues(workspace, [lead.pk])[0].items()
        for other in pair - {lead.pk}
    ]
    found.sort(key=lambda one: STRENGTHS.index(one.strength))
    return _shown(workspace, found[:_MOST_ON_PAGE])


def list_pairs(
    workspace: Workspace,
    *,
    before: str = "",
    clue: str = "",
    strength: str = "",
    size: int = STRETCH,
    step: int = _STEP,
) -> Stretch:
    """Among the `size` newest leads, until a page is full. Each pair is told once, with the
    newer of the two."""
    found: list[_Found] = []
    since, older, left = None, before, size
    while left > 0 and len(found) < PAGE_SIZE:
        step = min(step, left)
        looked = _stretch(workspace, before=older, size=step + 1)
        is_last, looked = len(looked) <= step, looked[:step]
        found += [
            one
            for one in _newer_ones(workspace, looked)
            if clue in {"", *one.told} and strength in {"", one.strength}
        ]
        if looked:
            _, since, key = looked[-1]
            older = paging.write(since, key)
        left, step = left - step, step * 2
        if is_last:
            older = ""
            break
    return Stretch(tuple(_shown(workspace, found)), since, older or None)


def _newer_ones(
    workspace: Workspace, looked: list[tuple[int, datetime, uuid.UUID]]
) -> list["_Found"]:
    """Pairs whose newer lead is among these, in their order."""
    clues, born = _clues(workspace, [id_ for id_, _, _ in looked])
    place = {id_: number for number, (id_, _, _) in enumerate(looked)}
    found = []
    for pair, told in clues.items():
        older, newer = sorted(pair, key=lambda id_: (born[id_], id_))
        if newer in place:
            found.append(_Found(newer, older, told))
    return sorted(found, key=lambda one: (place[one.one], one.other))


def _shown(workspace: Workspace, found: Sequence["_Found"]) -> list[Suspicion]:
    ids = {id_ for one in found for id_ in (one.one, one.other)}
    rows = leads.find_rows(workspace, ids=ids)
    return [
        Suspicion(
            rows[one.one],
            rows[one.other],
            tuple(clue for clue in CLUES if clue in one.told),
            one.strength,
        )
        for one in found
    ]


def _stretch(
    workspace: Workspace, *, before: str, size: int
) -> list[tuple[int, datetime, uuid.UUID]]:
    position = paging.read(before)
    values: dict[str, Any] = {"workspace": workspace.pk, "size": size}
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    rows = bulk.run(_NEWEST.format(older=_OLDER if position else ""), values)
    return [(id_, created_at, key) for id_, created_at, key in rows]


_NEWEST = """
SELECT id, created_at, key FROM whatsapp_lead
 WHERE workspace_id = %(workspace)s AND merged_into_id IS NULL {older}
 ORDER BY created_at DESC, id DESC LIMIT %(size)s
"""
_OLDER = """
AND (created_at, id) < (%(at)s, (
    SELECT id FROM whatsapp_lead WHERE workspace_id = %(workspace)s AND key = %(key)s))
"""


def _clues(
    workspace: Workspace, lead_ids: Collection[int]
) -> tuple[dict[Pair, Told], dict[int, datetime]]:
    """What speaks for each pair that holds one of these leads and is not settled; and since
    when each of them is a lead."""
    if not lead_ids:
        return {}, {}
    found = bulk.run(
        _OTHERS,
        {
            "workspace": workspace.pk,
            "leads": list(lead_ids),
            "most": _MOST_BESIDE,
            "apart": _FAR_APART,
            "suspected": PairVerdict.SUSPECTED.value,
        },
    )
    found += _alike_phones(workspace, lead_ids)
    collected: dict[Pair, dict[str, timedelta | None]] = {}
    for one, other, clue, apart in found:
        collected.setdefault(frozenset({one, other}), {})[clue] = apart
    everybody = {id_ for pair in collected for id_ in pair}
    settled = told_apart(workspace.pk, everybody)
    born = _living(workspace, everybody)
    open_ones: dict[Pair, Told] = {
        pair: told
        for pair, told in collected.items()
        if pair not in settled and pair <= born.keys()
    }
    return open_ones, born


def _alike_phones(
    workspace: Workspace, lead_ids: Collection[int]
) -> list[tuple[int, int, str, None]]:
    mine = bulk.run(
        "SELECT lead_id, match_key FROM whatsapp_identity"
        " WHERE lead_id = ANY(%s) AND workspace_id = %s AND left(match_key, 2) = 'p:'",
        [list(lead_ids), workspace.pk],
    )
    codes = own_numbers.calling_codes(workspace) if mine else []
    wanted: dict[str, set[int]] = {}
    for lead_id, key in mine:
        for number in phones.lookalikes(key.removeprefix("p:"), calling_codes=codes):
            wanted.setdefault(f"p:{number}", set()).add(lead_id)
    if not wanted:
        return []
    others = bulk.run(
        "SELECT match_key, lead_id FROM whatsapp_identity"
        " WHERE workspace_id = %s AND match_key = ANY(%s)",
        [workspace.pk, list(wanted)],
    )
    return [
        (one, other, "phone", None)
        for key, other in others
        for one in wanted[key]
        if one != other
    ]


def _living(workspace: Workspace, lead_ids: Collection[int]) -> dict[int, datetime]:
    """Those that were not merged away, and since when they are leads. Tests of links are no
    people: they are alike because the same link is tested again."""
    if not lead_ids:
        return {}
    rows = bulk.run(
        """
        SELECT lead.id, lead.created_at
          FROM whatsapp_lead lead
          LEFT JOIN whatsapp_attribution verdict ON verdict.id = lead.attribution_id
          LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
         WHERE lead.id = ANY(%s) AND lead.workspace_id = %s
           AND lead.merged_into_id IS NULL AND touch.kind IS DISTINCT FROM %s
        """,
        [list(lead_ids), workspace.pk, TouchKind.TEST.value],
    )
    return dict(rows)
