"""Leads as pages show them: the list, and one lead with everything that explains it."""

import uuid
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import workspace_transaction
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    LeadNote,
    Message,
    Rule,
    Touch,
    TrackedLink,
)
from whatsapp.selectors import lead_filters, silence
from whatsapp.selectors.lead_filters import LeadFilter
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
_MOST_LINKS = 500  # to choose from
_LONGEST_CHAIN = 10  # of leads merged one into the other
_MOST = 100  # of each kind of row on a lead's page

_PAGE = """
SELECT lead.key, lead.created_at, lead.stage, {columns}, lead.email, verdict.rule,
       {silence}
  FROM (SELECT * FROM whatsapp_lead lead
         WHERE workspace_id = %(workspace)s AND merged_into_id IS NULL {older} {filters}
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
_ROWS = f"""
SELECT lead.id, lead.key, lead.created_at, lead.stage, {_COLUMNS}, lead.email,
       verdict.rule, {silence.COLUMN}
  FROM whatsapp_lead lead {_JOINS}
 WHERE lead.workspace_id = %(workspace)s AND lead.id = ANY(%(ids)s)
"""  # noqa: S608  # constants of this room
_EVERYBODY = LeadFilter()


@dataclass(frozen=True, slots=True)
class LeadRow:
    key: uuid.UUID
    created_at: datetime
    stage: str
    person: Person
    origin: Origin
    email: str
    rule: str
    silence: str = ""  # what they want no more of, if anything

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "LeadRow":
        return cls(
            key=row[0],
            created_at=row[1],
            stage=row[2],
            person=Person.of(*row[3:6]),
            origin=Origin.of(*row[6:12]),
            email=row[12],
            rule=row[13] or "",
            silence=row[14] or "",
        )

    @property
    def rule_label(self) -> str:
        return str(Rule(self.rule).label) if self.rule in Rule.values else self.rule


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
    notes: tuple[LeadNote, ...]
    # What was written where a verdict was made, by channel and the provider's id.
    messages: dict[tuple[int, str], Message]


def list_leads(
    workspace: Workspace,
    *,
    before: str = "",
    size: int = PAGE_SIZE,
    filters: LeadFilter = _EVERYBODY,
) -> Page[LeadRow]:
    position = paging.read(before)
    values: dict[str, Any] = {"workspace": workspace.pk, "limit": size + 1}
    narrowed, asked = lead_filters.conditions(workspace, filters)
    values |= asked
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    query = _PAGE.format(
        columns=_COLUMNS,
        joins=_JOINS,
        silence=silence.COLUMN,
        older=_OLDER if position else "",
        filters=narrowed,
    )
    # Search runs in a function that reads the workspace from the transaction.
    scope = workspace_transaction(workspace.pk) if filters.text else nullcontext()
    with scope:
        if filters.text and size >= lead_filters.NEWEST_FOUND:
            values["most"] = lead_filters.ALL_FOUND
        rows = _read(query, values)
        if (
            filters.text
            and len(rows) <= size
            and values["most"] != lead_filters.ALL_FOUND
            and lead_filters.is_search_cut(values)
        ):
            # What fits the other filters, or the page, is older than the newest found.
            rows = _read(query, values | {"most": lead_filters.ALL_FOUND})
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown, paging.write(shown[-1].created_at, shown[-1].key) if more else None
    )


def _read(query: str, values: dict[str, Any]) -> list[LeadRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [LeadRow.of(row) for row in cursor.fetchall()]


def find_rows(workspace: Workspace, *, ids: Collection[int]) -> dict[int, LeadRow]:
    """Leads as the list shows them, by id."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"workspace": workspace.pk, "ids": list(ids)})
        return {row[0]: LeadRow.of(row[1:]) for row in cursor.fetchall()}


def find_verdicts(
    workspace: Workspace, *, ids: Collection[int]
) -> dict[int, Attribution]:
    """Of leads, by their id, what counts now as the reason they came, with its touch."""
    rows = (
        Lead.objects.for_workspace(workspace)
        .filter(pk__in=ids, attribution__isnull=False)
        .select_related("attribution__touch__link")
        .only("attribution")
    )
    return {row.pk: row.attribution for row in rows if row.attribution}


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
    attributions = tuple(
        Attribution.objects.for_workspace(workspace)
        .filter(lead=lead)
        .select_related("touch__link", "channel", "actor")
        .order_by("-decided_at", "-id")[:_MOST]
    )
    return LeadView(
        lead=lead,
        person=person_of(lead, identities),
        origin=origin_of(lead),
        identities=identities,
        touches=list_touches(lead),
        attributions=attributions,
        conversations=tuple(
            Conversation.objects.for_workspace(workspace)
            .filter(lead=lead)
            .select_related("channel")
            .order_by("-last_message_at", "-id")[:_MOST]
        ),
        notes=list_notes(lead),
        messages=_messages_of(workspace, attributions),
    )


def find_editable(workspace: Workspace, *, key: uuid.UUID) -> Lead | None:
    """A lead to write about. One that was merged away is history: the one that stayed."""
    leads = Lead.objects.for_workspace(workspace).select_related(
        "attribution", "workspace"
    )
    lead = leads.filter(key=key).first()
    for _ in range(_LONGEST_CHAIN):
        if lead is None or lead.merged_into_id is None:
            return lead
        lead = leads.filter(pk=lead.merged_into_id).first()
    return None


def list_touches(lead: Lead) -> tuple[Touch, ...]:
    return tuple(
        Touch.objects.for_workspace(lead.workspace_id)
        .filter(lead=lead)
        .select_related("link", "channel")
        .order_by("-occurred_at", "-id")[:_MOST]
    )


def list_notes(lead: Lead) -> tuple[LeadNote, ...]:
    return tuple(
        LeadNote.objects.for_workspace(lead.workspace_id)
        .filter(lead=lead)
        .select_related("author")
        .order_by("-created_at", "-id")[:_MOST]
    )


def find_note(lead: Lead, *, key: uuid.UUID) -> LeadNote | None:
    notes = LeadNote.objects.for_workspace(lead.workspace_id).select_related("lead")
    return notes.filter(lead=lead, key=key).first()


def list_link_choices(workspace: Workspace) -> list[TrackedLink]:
    """Links to name as an origin, paused ones too: they brought people once."""
    links = TrackedLink.objects.for_workspace(workspace).order_by("slug")
    return list(links[:_MOST_LINKS])


def _messages_of(
    workspace: Workspace, attributions: tuple[Attribution, ...]
) -> dict[tuple[int, str], Message]:
    wanted = {
        (one.channel_id, one.message_external_id)
        for one in attributions
        if one.channel_id and one.message_external_id
    }
    messages = (
        Message.objects.for_workspace(workspace)
        .filter(
            channel_id__in={channel for channel, _ in wanted},
            external_id__in={external for _, external in wanted},
        )
        .select_related("conversation")
        .defer("search_text", "search")
    )
    return {(one.channel_id, str(one.external_id)): one for one in messages}


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
