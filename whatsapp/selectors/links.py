"""Tracked links: by their address, as a list with what they brought, and the rows of that."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from whatsapp.models import (
    CheckState,
    Confidence,
    LinkCheck,
    LinkTest,
    RetiredSlug,
    Touch,
    TrackedLink,
)
from whatsapp.selectors import funnel
from whatsapp.selectors.funnel import Figures
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person
from whatsapp.selectors.periods import Period

PAGE_SIZE = 50
SHOWN_CHECKS = 10
SHOWN_TESTS = 5
SORTS = ("newest", "name", "clicks", "conversations", "won", "rate")

# People whose origin, as it counts now, is a click on a link; each with the conversation
# that the click began, which is their first.
_BROUGHT = f"""
SELECT conversation.key, conversation.created_at, conversation.state,
       conversation.message_count, brought.confidence, {PERSON_COLUMNS},
       lead.key, lead.stage, touch.occurred_at, lead.id
  FROM whatsapp_touch touch {funnel.BROUGHT}
  JOIN whatsapp_lead lead ON lead.id = brought.id
  CROSS JOIN LATERAL (
       SELECT key, created_at, state, message_count FROM whatsapp_conversation
        WHERE lead_id = lead.id ORDER BY created_at, id LIMIT 1) conversation
  {PERSON_JOIN}
 WHERE touch.workspace_id = %(workspace)s AND touch.link_id = %(link)s
   AND {funnel.WROTE} {{conditions}}
 ORDER BY touch.occurred_at DESC, lead.id DESC
 LIMIT %(limit)s
"""  # noqa: S608  # constants of this room


@dataclass(frozen=True, slots=True)
class LinkRow:
    link: TrackedLink
    figures: Figures


@dataclass(frozen=True, slots=True)
class Ranking:
    """A page of the links in one order; `pages` is how many there are."""

    rows: tuple[LinkRow, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class BroughtRow:
    """A conversation that a click began, and the lead it belongs to."""

    key: uuid.UUID
    created_at: datetime
    state: str
    message_count: int
    confidence: str
    person: Person
    lead_key: uuid.UUID
    stage: str
    clicked_at: datetime
    lead_id: int

    @property
    def is_probable(self) -> bool:
        return self.confidence == Confidence.PROBABLE


@dataclass(frozen=True, slots=True)
class Address:
    """What a public address stands for, before anybody is in a workspace."""

    workspace_id: int
    link_id: int


def find_address(slug: str) -> Address | None:
    """The address /r/<slug> names no workspace: this tells which one it is.

    An address that a link had before stands for it too.
    """
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


def rank(
    workspace: Workspace,
    *,
    period: Period,
    won: Sequence[str] = (),
    sort: str = "newest",
    is_reversed: bool = False,
    check: str = "",
    page: int = 1,
    size: int | None = PAGE_SIZE,
) -> Ranking:
    """Links with their figures; without a `size`, all of them. Names and days begin with the
    first and the newest, figures with the highest."""
    rows = _compared(workspace, period=period, won=won, check=check)
    rows.sort(key=_ORDERS[sort], reverse=(sort != "name") != is_reversed)
    if size is None:
        return Ranking(tuple(rows), 1, 1)
    pages = max(1, -(-len(rows) // size))
    page = min(page, pages)
    shown = rows[(page - 1) * size : page * size]
    return Ranking(tuple(shown), page, pages)


def _compared(
    workspace: Workspace, *, period: Period, won: Sequence[str], check: str
) -> list[LinkRow]:
    links = TrackedLink.objects.for_workspace(workspace).select_related("channel")
    if check:
        links = links.filter(check_state=check)
    figures = funnel.compare(workspace, period=period, won=won)
    return [
        LinkRow(link, figures.get(link.pk, Figures()))
        for link in links.order_by("created_at", "key")
    ]


_ORDERS: dict[str, Any] = {
    "newest": lambda row: (row.link.created_at, row.link.key),
    "name": lambda row: row.link.slug,
    "clicks": lambda row: (row.figures.clicks, row.link.created_at),
    "conversations": lambda row: (row.figures.conversations, row.link.created_at),
    "won": lambda row: (row.figures.won, row.link.created_at),
    "rate": lambda row: (row.figures.conversation_rate or -1.0, row.link.created_at),
}


def count_broken(workspace: Workspace) -> int:
    """Links that people open and that lead nowhere; a paused one is so on purpose."""
    links = TrackedLink.objects.for_workspace(workspace)
    return links.filter(check_state=CheckState.BROKEN, is_paused=False).count()


def list_retired(link: TrackedLink) -> Sequence[RetiredSlug]:
    """The addresses that it had before, newest first."""
    retired = RetiredSlug.objects.for_workspace(link.workspace_id).filter(link=link)
    return list(retired.order_by("-retired_at", "-pk"))


def list_checks(link: TrackedLink, *, most: int = SHOWN_CHECKS) -> Sequence[LinkCheck]:
    """When the check began to say something else, newest first."""
    checks = LinkCheck.objects.for_workspace(link.workspace_id).filter(link=link)
    return list(checks.order_by("-at", "-pk")[:most])


def list_tests(link: TrackedLink, *, most: int = SHOWN_TESTS) -> Sequence[LinkTest]:
    tests = LinkTest.objects.for_workspace(link.workspace_id).filter(link=link)
    found = tests.select_related("channel")
    return list(found.order_by("-started_at", "-pk")[:most])


def list_clicks(
    link: TrackedLink,
    *,
    period: Period | None = None,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[Touch]:
    """Each with the lead that it became, newest first."""
    clicks = (
        Touch.objects.for_workspace(link.workspace_id)
        .select_related("lead")
        .filter(link=link, token__isnull=False)
    )
    if period is not None:
        clicks = clicks.filter(
            occurred_at__gte=period.since, occurred_at__lt=period.until
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


def list_brought(
    link: TrackedLink,
    *,
    period: Period | None = None,
    won: Sequence[str] | None = None,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[BroughtRow]:
    """By the click, newest first: new messages move no row. `won` asks for leads of these
    stages; the period is that of the clicks."""
    values: dict[str, Any] = {
        "workspace": link.workspace_id,
        "link": link.pk,
        "limit": size + 1,
    }
    conditions = []
    if period is not None:
        conditions.append(
            "AND touch.occurred_at >= %(since)s AND touch.occurred_at < %(until)s"
        )
        values |= {"since": period.since, "until": period.until}
    if won is not None:
        conditions.append("AND brought.stage = ANY(%(won)s)")
        values["won"] = list(won)
    position = paging.read(before)
    if position is not None:
        # One click may have brought many people, who were passed its text on.
        conditions.append(
            "AND touch.occurred_at <= %(at)s"
            " AND (touch.occurred_at, lead.id) < (%(at)s, %(id)s)"
        )
        values |= {"at": position.at, "id": position.rank}
    with connection.cursor() as cursor:
        cursor.execute(_BROUGHT.format(conditions=" ".join(conditions)), values)
        rows = [
            BroughtRow(
                *(row[0], row[1], row[2], row[3], row[4]),
                Person.of(*row[5:8]),
                *(row[8], row[9], row[10], row[11]),
            )
            for row in cursor.fetchall()
        ]
    shown = tuple(rows[:size])
    more = len(rows) > size
    return Page(
        shown, paging.write(shown[-1].clicked_at, shown[-1].lead_id) if more else None
    )
