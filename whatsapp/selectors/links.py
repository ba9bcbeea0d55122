"""Tracked links: by their address, as a list with what they brought, and the rows of that."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from accounts.models import Workspace
from whatsapp.models import Confidence, Touch, TrackedLink
from whatsapp.selectors import paging
from whatsapp.selectors.paging import Page
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person

PAGE_SIZE = 50

# Conversations of the people whose origin, as it counts now, is a click on a link.
_BROUGHT = """
  FROM whatsapp_touch touch
  JOIN whatsapp_attribution verdict ON verdict.touch_id = touch.id
  JOIN whatsapp_lead lead
    ON lead.id = verdict.lead_id AND lead.attribution_id = verdict.id
  JOIN whatsapp_conversation conversation ON conversation.lead_id = lead.id
 WHERE touch.workspace_id = %(workspace)s AND touch.link_id = ANY(%(links)s)
"""
_BROUGHT_COUNT = f"SELECT touch.link_id, count(*) {_BROUGHT} GROUP BY touch.link_id"
_BROUGHT_PAGE = f"""
SELECT conversation.key, conversation.created_at, conversation.state,
       conversation.message_count, conversation.confidence, {PERSON_COLUMNS}
  FROM (SELECT conversation.*, verdict.confidence
        {_BROUGHT} {{older}}
         ORDER BY conversation.created_at DESC, conversation.key DESC
         LIMIT %(limit)s) conversation
  JOIN whatsapp_lead lead ON lead.id = conversation.lead_id
  {PERSON_JOIN}
 ORDER BY conversation.created_at DESC, conversation.key DESC
"""  # noqa: S608  # constants of this room
_BROUGHT_FIRST = _BROUGHT_PAGE.format(older="")
_BROUGHT_LATER = _BROUGHT_PAGE.format(
    older="AND (conversation.created_at, conversation.key) < (%(at)s, %(key)s)"
)


@dataclass(frozen=True, slots=True)
class LinkRow:
    link: TrackedLink
    clicks: int
    conversations: int


@dataclass(frozen=True, slots=True)
class BroughtRow:
    """A conversation that a link brought."""

    key: uuid.UUID
    created_at: datetime
    state: str
    message_count: int
    confidence: str
    person: Person

    @property
    def is_probable(self) -> bool:
        return self.confidence == Confidence.PROBABLE


@dataclass(frozen=True, slots=True)
class Address:
    """What a public address stands for, before anybody is in a workspace."""

    workspace_id: int
    link_id: int


def find_address(slug: str) -> Address | None:
    """The address /r/<slug> names no workspace: this tells which one it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id, link_id FROM whatsapp_link_of_slug(%s)",
            [slug.lower()],
        )
        found = cursor.fetchone()
    return Address(*found) if found else None


def find_at(address: Address) -> TrackedLink | None:
    """With its channel."""
    return (
        TrackedLink.objects.for_workspace(address.workspace_id)
        .select_related("channel")
        .filter(pk=address.link_id)
        .first()
    )


def find_by_slug(workspace: Workspace, slug: str) -> TrackedLink | None:
    return (
        TrackedLink.objects.for_workspace(workspace)
        .select_related("channel")
        .filter(slug=slug.lower())
        .first()
    )


def find_by_key(workspace: Workspace, key: uuid.UUID) -> TrackedLink | None:
    return (
        TrackedLink.objects.for_workspace(workspace)
        .select_related("channel")
        .filter(key=key)
        .first()
    )


def find_row(workspace: Workspace, key: uuid.UUID) -> LinkRow | None:
    link = find_by_key(workspace, key)
    return _with_counts(workspace, [link])[0] if link else None


def list_links(
    workspace: Workspace, *, before: str = "", size: int = PAGE_SIZE
) -> Page[LinkRow]:
    """Newest first."""
    links = TrackedLink.objects.for_workspace(workspace).select_related("channel")
    position = paging.read(before)
    if position is not None and position.key is not None:
        links = links.filter(
            Q(created_at__lt=position.at)
            | Q(created_at=position.at, key__lt=position.key)
        )
    found = list(links.order_by("-created_at", "-key")[: size + 1])
    shown = found[:size]
    more = len(found) > size
    return Page(
        tuple(_with_counts(workspace, shown)),
        paging.write(shown[-1].created_at, shown[-1].key) if more else None,
    )


def list_clicks(
    link: TrackedLink, *, before: str = "", size: int = PAGE_SIZE
) -> Page[Touch]:
    """Each with the lead that it became, newest first."""
    clicks = (
        Touch.objects.for_workspace(link.workspace_id)
        .select_related("lead")
        .filter(link=link)
    )
    position = paging.read(before)
    if position is not None:
        clicks = clicks.filter(
            Q(occurred_at__lt=position.at)
            | Q(occurred_at=position.at, pk__lt=position.rank)
        )
    found = list(clicks.order_by("-occurred_at", "-pk")[: size + 1])
    shown = tuple(found[:size])
    more = len(found) > size
    return Page(
        shown, paging.write(shown[-1].occurred_at, shown[-1].pk) if more else None
    )


def list_conversations(
    link: TrackedLink, *, before: str = "", size: int = PAGE_SIZE
) -> Page[BroughtRow]:
    """By when they began, newest first: new messages move no row."""
    values: dict[str, Any] = {
        "workspace": link.workspace_id,
        "links": [link.pk],
        "limit": size + 1,
    }
    position = paging.read(before)
    is_later = position is not None and position.key is not None
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    with connection.cursor() as cursor:
        cursor.execute(_BROUGHT_LATER if is_later else _BROUGHT_FIRST, values)
        rows = [
            BroughtRow(row[0], row[1], row[2], row[3], row[4], Person.of(*row[5:8]))
            for row in cursor.fetchall()
        ]
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown, paging.write(shown[-1].created_at, shown[-1].key) if more else None
    )


def _with_counts(workspace: Workspace, links: Collection[TrackedLink]) -> list[LinkRow]:
    ids = [link.pk for link in links]
    clicks = dict(
        Touch.objects.for_workspace(workspace)
        .filter(link__in=ids)
        .order_by()
        .values_list("link")
        .annotate(count=Count("*"))
    )
    with connection.cursor() as cursor:
        cursor.execute(_BROUGHT_COUNT, {"workspace": workspace.pk, "links": ids})
        brought = dict(cursor.fetchall())
    return [
        LinkRow(link, clicks.get(link.pk, 0), brought.get(link.pk, 0)) for link in links
    ]
