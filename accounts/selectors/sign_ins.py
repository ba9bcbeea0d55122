"""Every attempt to sign in, of all workspaces and of none: a page at a time, and as a file."""

import ipaddress
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts import paging, spreadsheets
from accounts.models import SignInEvent
from accounts.paging import Page, Position
from accounts.sso import outcomes

PAGE = 50
_BATCH = 1000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class SignInFilter:
    """`outcomes` None is any; `identity` is the beginning of a digest."""

    reference: str = ""
    person: str = ""
    outcomes: Collection[str] | None = None
    without: Collection[str] = ()
    network: Network | None = None
    identity: str = ""
    since: datetime | None = None
    before: datetime | None = None


def list_page(*, filters: SignInFilter, before: str) -> Page[SignInEvent]:
    events = _events(filters, paging.read(before), most=PAGE + 1)
    shown = events[:PAGE]
    is_more = len(events) > PAGE
    older = paging.write(shown[-1].at, shown[-1].pk) if is_more else None
    return Page(tuple(shown), older)


def write_csv(*, filters: SignInFilter) -> Iterator[str]:
    """Begins with the heading; words are the reader's, chosen before the answer goes out."""
    zone = timezone.get_current_timezone()
    titles = {code: str(outcomes.title_of(code)) for code in outcomes.known()}
    sheet = spreadsheets.sheet()
    heading = spreadsheets.BOM + sheet.line(
        [
            gettext("When (%(zone)s)") % {"zone": timezone.get_current_timezone_name()},
            gettext("Result"),
            gettext("Reason"),
            gettext("Person"),
            gettext("Address (IP)"),
            gettext("Server"),
            gettext("Identity (digest)"),
            gettext("Code"),
        ]
    )

    def pieces() -> Iterator[str]:
        yield heading
        for event in _all(filters):
            yield sheet.line(
                [
                    f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    titles.get(event.outcome, event.outcome),
                    event.outcome,
                    event.user.email if event.user else "",
                    event.ip or "",
                    event.issuer,
                    event.subject_hash,
                    event.reference,
                ]
            )

    return pieces()


def _all(filters: SignInFilter) -> Iterator[SignInEvent]:
    position: Position | None = None
    while True:
        events = _events(filters, position, most=_BATCH)
        yield from events
        if len(events) < _BATCH:
            return
        position = Position(events[-1].at, str(events[-1].pk))


def _events(
    filters: SignInFilter, position: Position | None, *, most: int
) -> list[SignInEvent]:
    events = _filtered(filters).order_by("-at", "-pk")
    if position is not None:
        # The first half is what the index is entered by.
        events = events.filter(
            Q(at__lt=position.at) | Q(pk__lt=position.rank), at__lte=position.at
        )
    return list(events.select_related("user")[:most])


def _filtered(filters: SignInFilter) -> QuerySet[SignInEvent]:
    events = SignInEvent.objects.all()
    if filters.reference:
        events = events.filter(reference=filters.reference)
    if filters.person:
        events = events.filter(
            Q(user__email__icontains=filters.person)
            | Q(user__name__icontains=filters.person)
        )
    if filters.outcomes is not None:
        events = events.filter(outcome__in=filters.outcomes)
    if filters.without:
        events = events.exclude(outcome__in=filters.without)
    if filters.network is not None:
        ends = (str(filters.network[0]), str(filters.network[-1]))
        events = events.filter(ip__gte=ends[0], ip__lte=ends[1])
    if filters.identity:
        events = events.filter(subject_hash__startswith=filters.identity)
    if filters.since:
        events = events.filter(at__gte=filters.since)
    if filters.before:
        events = events.filter(at__lt=filters.before)
    return events
