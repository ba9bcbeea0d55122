"""Leads that are shown to be one person are joined, without anybody asking.

A provider tells two names side by side, such as a hidden id and the phone behind it, or that one
became the other; or a person we know brings the token that a lead waits under. Leads that were
told apart on purpose stay apart, and so do two leads with different phones unless the provider
says that the number changed: a person may decide that.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

# Evidence is stored in English; the page that shows it translates.
from django.utils.translation import gettext_noop as _

from accounts import bulk
from whatsapp.models import IdentityKind, PairVerdict
from whatsapp.selectors.pairs import told_apart
from whatsapp.services import joining
from whatsapp.services.joining import Evidence, Join, Joined
from whatsapp.services.people import Person

_NAMES = {
    IdentityKind.WA_ID: "phone",
    IdentityKind.BSUID: "bsuid",
    IdentityKind.LID: "lid",
}


def reunite(
    workspace_id: int, persons: Iterable[Person], *, now: datetime
) -> list[Joined]:
    """In the transaction that holds the names of these persons and their leads."""
    wanted = [
        (Join(gone, person.lead_ids[0], evidence=_evidence(person)), person)
        for person in persons
        for gone in person.lead_ids[1:]
    ]
    if not wanted:
        return []
    pairs = [join for join, person in wanted]
    apart = told_apart(workspace_id, _leads(pairs))
    phones = _phones(workspace_id, pairs)
    joins: list[Join] = []
    doubtful: list[Join] = []
    for join, person in wanted:
        if frozenset({join.gone, join.stays}) in apart:
            if _are_at_odds(join, phones):
                _hand_over_ids(workspace_id, join, person)
            continue
        is_clear = person.is_renamed or not _are_at_odds(join, phones)
        (joins if is_clear else doubtful).append(join)
    _suspect(workspace_id, doubtful, now=now)
    return joining.join(workspace_id, joins, now=now)


def meet(
    workspace_id: int, waiting: Mapping[int, tuple[int, str]], *, now: datetime
) -> list[Joined]:
    """Join leads that waited under a token with the leads of those who brought it: for each
    that waits, the other one and the token. In the transaction that holds both."""
    joins = [
        Join(
            gone,
            stays,
            evidence=[
                {
                    "step": "token",
                    "found": {"token": token},
                    "why": _(
                        "the person wrote with the token under which a lead waited"
                    ),
                }
            ],
        )
        for gone, (stays, token) in waiting.items()
    ]
    if not joins:
        return []
    apart = told_apart(workspace_id, _leads(joins))
    clear = [one for one in joins if frozenset({one.gone, one.stays}) not in apart]
    return joining.join(workspace_id, clear, now=now)


def _evidence(person: Person) -> Evidence:
    found: dict[str, list[str]] = {}
    for alias in person.aliases.values():
        found.setdefault(_NAMES[IdentityKind(alias.kind)], []).append(alias.value)
    why = (
        _("the provider told that one of these names became the other")
        if person.is_renamed
        else _("the provider told these names for one person")
    )
    return [{"step": "identity", "found": found, "why": why}]


def _phones(workspace_id: int, pairs: Sequence[Join]) -> dict[int, set[str]]:
    """Each lead's phone numbers, in one form for every notation."""
    rows = bulk.run(
        """
        SELECT lead_id, match_key FROM whatsapp_identity
         WHERE lead_id = ANY(%s) AND workspace_id = %s AND left(match_key, 2) = 'p:'
        """,
        [_leads(pairs), workspace_id],
    )
    phones: dict[int, set[str]] = {}
    for lead_id, key in rows:
        phones.setdefault(lead_id, set()).add(key)
    return phones


def _are_at_odds(join: Join, phones: Mapping[int, set[str]]) -> bool:
    theirs, ours = phones.get(join.gone, set()), phones.get(join.stays, set())
    return bool(theirs and ours and theirs.isdisjoint(ours))


def _hand_over_ids(workspace_id: int, join: Join, person: Person) -> None:
    """Of two people with a phone each an id that hides one is whose phone it is told with.

    It was learned while the two were one, and stayed with the other when they were parted.
    """
    keys = [key for key in person.match_keys if not key.startswith("p:")]
    if len(person.match_keys) - len(keys) != 1:
        return  # with no phone, or with that of each
    bulk.run(
        """
        UPDATE whatsapp_identity SET lead_id = %s
         WHERE lead_id = %s AND match_key = ANY(%s) AND workspace_id = %s
        """,
        [join.stays, join.gone, keys, workspace_id],
    )


def _suspect(workspace_id: int, doubtful: Sequence[Join], *, now: datetime) -> None:
    """Kept for somebody to look at, unless something is known of the pair already."""
    if not doubtful:
        return
    bulk.run(
        """
        INSERT INTO whatsapp_leadpair (workspace_id, first_id, second_id, verdict,
               evidence, decided_at)
        SELECT %s, first_id, second_id, %s, evidence::jsonb, %s
          FROM unnest(%s::bigint[], %s::bigint[], %s::text[])
               AS new(first_id, second_id, evidence)
        ON CONFLICT (workspace_id, first_id, second_id) DO NOTHING
        """,
        [
            workspace_id,
            PairVerdict.SUSPECTED.value,
            now,
            [min(one.gone, one.stays) for one in doubtful],
            [max(one.gone, one.stays) for one in doubtful],
            [json.dumps(one.evidence) for one in doubtful],
        ],
    )


def _leads(pairs: Sequence[Join]) -> list[int]:
    return sorted({id_ for one in pairs for id_ in (one.gone, one.stays)})
