"""The audit trail as a page and as a file: newest first, by number, a page at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext

from accounts import audit_sentences, spreadsheets
from accounts.models import AuditEvent, User, Workspace
from accounts.scoping import workspace_transaction

PAGE = 50
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`action` is a code, or a subject's beginning such as `member.`."""

    person: str = ""
    action: str = ""
    target: str = ""
    since: datetime | None = None
    before: datetime | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in self.__slots__ if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class AuditRow:
    event: AuditEvent
    sentence: str
    url: str
    details: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`older` is the number from which the next page goes on, None at the end."""

    rows: Sequence[AuditRow]
    older: int | None


def list_page(
    workspace: Workspace, *, filters: AuditFilter, before: int | None
) -> AuditPage:
    events = _events(workspace, filters=filters, before=before, most=PAGE + 1)
    shown = events[:PAGE]
    people = _people(shown)
    rows = [
        AuditRow(
            event,
            audit_sentences.sentence(event, people),
            audit_sentences.url(event, workspace.slug),
            [(name, _told(value)) for name, value in sorted(event.details.items())],
        )
        for event in shown
    ]
    return AuditPage(rows, shown[-1].sequence if len(events) > PAGE else None)


def started_at(workspace: Workspace) -> datetime:
    """When the first entry was made; an intact log has one."""
    events = AuditEvent.objects.for_workspace(workspace).order_by("sequence")
    moment: datetime = events.values_list("at", flat=True)[0]
    return moment


def write_csv(workspace: Workspace, *, filters: AuditFilter) -> Iterator[str]:
    """Begins with the heading; words are the reader's, chosen before the answer goes out."""
    zone = ZoneInfo(workspace.time_zone)
    sheet = spreadsheets.sheet()
    heading = spreadsheets.BOM + sheet.line(
        [
            gettext("Number"),
            gettext("When (%(zone)s)") % {"zone": workspace.time_zone},
            gettext("Person"),
            gettext("Action"),
            gettext("About"),
            gettext("Details"),
            gettext("Address (IP)"),
        ]
    )

    def pieces() -> Iterator[str]:
        yield heading
        for event in _all(workspace, filters=filters):
            yield sheet.line(
                [
                    str(event.sequence),
                    f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    event.actor_label,
                    event.action,
                    event.target,
                    _told(event.details) if event.details else "",
                    event.ip or "",
                ]
            )

    return pieces()


def write_json_lines(workspace: Workspace, *, filters: AuditFilter) -> Iterator[str]:
    """All of each entry, its links to the one before included: enough to check it elsewhere."""
    for event in _all(workspace, filters=filters):
        entry = {
            "workspace": str(workspace.key),
            "sequence": event.sequence,
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": event.actor_id,
            "actor_label": event.actor_label,
            "action": event.action,
            "target": event.target,
            "details": event.details,
            "ip": event.ip,
            "previous_hash": bytes(event.previous_hash).hex(),
            "hash": bytes(event.hash).hex(),
        }
        yield json.dumps(entry, ensure_ascii=False) + "\n"


def _all(workspace: Workspace, *, filters: AuditFilter) -> Iterator[AuditEvent]:
    before: int | None = None
    while True:
        # The answer is on its way by now: each batch says anew whose rows it reads.
        with workspace_transaction(workspace.pk):
            events = _events(workspace, filters=filters, before=before, most=_BATCH)
        yield from events
        if len(events) < _BATCH:
            return
        before = events[-1].sequence


def _events(
    workspace: Workspace, *, filters: AuditFilter, before: int | None, most: int
) -> list[AuditEvent]:
    events = AuditEvent.objects.for_workspace(workspace).order_by("-sequence")
    if before is not None:
        events = events.filter(sequence__lt=before)
    if filters.person:
        events = events.filter(
            Q(actor_label__icontains=filters.person)
            | Q(actor__name__icontains=filters.person)
        )
    if filters.action.endswith("."):
        events = events.filter(action__startswith=filters.action)
    elif filters.action:
        events = events.filter(action=filters.action)
    if filters.target:
        events = events.filter(target__icontains=filters.target)
    if filters.since:
        events = events.filter(at__gte=filters.since)
    if filters.before:
        events = events.filter(at__lt=filters.before)
    return list(events.select_related("actor")[:most])


def _people(events: Sequence[AuditEvent]) -> dict[int, str]:
    """Names of the people these entries are about."""
    ids = {number for event in events for number in audit_sentences.people_in(event)}
    users = User.objects.filter(pk__in=ids)
    return {one.pk: one.name or one.email for one in users}


def _told(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
