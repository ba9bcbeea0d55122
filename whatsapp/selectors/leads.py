"""Leads as pages show them: the list, and one lead with everything that explains it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    Touch,
)
from whatsapp.selectors import paging
from whatsapp.selectors.paging import Page
from whatsapp.selectors.people import (
    ORIGIN_COLUMNS,
    ORIGIN_JOIN,
    PERSON_COLUMNS,
    PERSON_JOIN,
    PHONE_KINDS,
    Origin,
    Person,
)

PAGE_SIZE = 50
_MOST = 100  # of each kind of row on a lead's page

_PAGE = """
SELECT lead.key, lead.created_at, lead.stage, {columns}
  FROM (SELECT * FROM whatsapp_lead
         WHERE workspace_id = %(workspace)s AND merged_into_id IS NULL {older}
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s) lead
  {joins}
 ORDER BY lead.created_at DESC, lead.id DESC
"""
_OLDER = """
AND (created_at, id) < (%(at)s, (
    SELECT id FROM whatsapp_lead WHERE workspace_id = %(workspace)s AND key = %(key)s))
"""
_COLUMNS = f"{PERSON_COLUMNS}, {ORIGIN_COLUMNS}"
_JOINS = f"{PERSON_JOIN} {ORIGIN_JOIN}"
_FIRST_PAGE = _PAGE.format(columns=_COLUMNS, joins=_JOINS, older="")
_LATER_PAGE = _PAGE.format(columns=_COLUMNS, joins=_JOINS, older=_OLDER)


@dataclass(frozen=True, slots=True)
class LeadRow:
    key: uuid.UUID
    created_at: datetime
    stage: str
    person: Person
    origin: Origin


@dataclass(frozen=True, slots=True)
class LeadView:
    """Everything on a lead's page, already read."""

    lead: Lead
    person: Person
    origin: Origin
    identities: tuple[Identity, ...]
    touches: tuple[Touch, ...]
    attributions: tuple[Attribution, ...]
    conversations: tuple[Conversation, ...]


def list_leads(
    workspace: Workspace, *, before: str = "", size: int = PAGE_SIZE
) -> Page[LeadRow]:
    position = paging.read(before)
    values: dict[str, Any] = {"workspace": workspace.pk, "limit": size + 1}
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    with connection.cursor() as cursor:
        cursor.execute(_LATER_PAGE if position else _FIRST_PAGE, values)
        rows = [
            LeadRow(
                key=row[0],
                created_at=row[1],
                stage=row[2],
                person=Person.of(*row[3:6]),
                origin=Origin.of(*row[6:12]),
            )
            for row in cursor.fetchall()
        ]
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown, paging.write(shown[-1].created_at, shown[-1].key) if more else None
    )


def find_lead(workspace: Workspace, *, key: uuid.UUID) -> LeadView | None:
    lead = (
        Lead.objects.for_workspace(workspace)
        .select_related("attribution__touch__link", "merged_into")
        .filter(key=key)
        .first()
    )
    if lead is None:
        return None
    identities = list_identities(lead)
    return LeadView(
        lead=lead,
        person=person_of(lead, identities),
        origin=origin_of(lead),
        identities=identities,
        touches=tuple(
            Touch.objects.for_workspace(workspace)
            .filter(lead=lead)
            .select_related("link", "channel")
            .order_by("-occurred_at", "-id")[:_MOST]
        ),
        attributions=tuple(
            Attribution.objects.for_workspace(workspace)
            .filter(lead=lead)
            .select_related("touch__link", "channel", "actor")
            .order_by("-decided_at", "-id")[:_MOST]
        ),
        conversations=tuple(
            Conversation.objects.for_workspace(workspace)
            .filter(lead=lead)
            .select_related("channel")
            .order_by("-last_message_at", "-id")[:_MOST]
        ),
    )


def list_identities(lead: Lead) -> tuple[Identity, ...]:
    return tuple(
        Identity.objects.for_workspace(lead.workspace_id)
        .filter(lead=lead)
        .order_by("id")[:_MOST]
    )


def person_of(lead: Lead, identities: tuple[Identity, ...]) -> Person:
    phones = [one for one in identities if one.kind in PHONE_KINDS]
    best = next(iter(phones or identities), None)
    return Person.of(
        lead.name, best.kind if best else None, best.value if best else None
    )


def origin_of(lead: Lead) -> Origin:
    """The verdict that counts now; the caller has selected attribution, touch and link."""
    verdict = lead.attribution
    touch = verdict.touch if verdict else None
    return Origin.of(
        touch.kind if touch else None,
        verdict.confidence if verdict else None,
        touch.link.slug if touch and touch.link else None,
        touch.headline if touch else None,
        touch.ad_id if touch else None,
        touch.utm_source if touch else None,
    )
