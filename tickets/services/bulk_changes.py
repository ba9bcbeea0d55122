"""One change for many tickets at once, in sets: as `tickets.change` does it for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce

from accounts import bulk
from tickets.models import Ticket, TicketEvent, TicketStatus
from tickets.services import following, tickets
from tickets.services.tickets import By, Changes

_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many are another way now, and how many were so already or are gone."""

    changed: int
    same: int


def change_many(
    workspace_id: int,
    ticket_ids: Sequence[int],
    changes: Changes,
    *,
    by: By,
    now: datetime,
) -> Outcome:
    """All of it or nothing; raises NotAMember. Only status, priority and assignee change so."""
    with transaction.atomic(), bulk.planned_for_each():
        if "assignee_id" in changes:
            tickets.require_member(workspace_id, changes["assignee_id"])
        events: list[TicketEvent] = []
        wanted = sorted(set(ticket_ids))
        for start in range(0, len(wanted), _CHUNK):
            events += _change(
                workspace_id, wanted[start : start + _CHUNK], changes, by=by, now=now
            )
        following.follow(workspace_id, events, now=now)
    return Outcome(len(events), len(wanted) - len(events))


def _change(
    workspace_id: int,
    ticket_ids: Sequence[int],
    changes: Changes,
    *,
    by: By,
    now: datetime,
) -> list[TicketEvent]:
    # In one order, so that two selections never wait for one another.
    held = (
        Ticket.objects.for_workspace(workspace_id)
        .filter(pk__in=bulk.each_of(ticket_ids))
        .select_for_update()
        .order_by("pk")
        .values_list("pk", *changes)
    )
    events: list[TicketEvent] = []
    for ticket_id, *standing in held:
        before: dict[str, Any] = dict(zip(changes, standing, strict=True))
        changed = {
            name: value for name, value in changes.items() if before[name] != value
        }
        if changed:
            events.append(
                TicketEvent(
                    workspace_id=workspace_id,
                    ticket_id=ticket_id,
                    kind=tickets.kind_of(before, changed),
                    source=by.source,
                    actor=by.user,
                    details=tickets.details_of(before, changed),
                    is_public=tickets.is_public(changed),
                    created_at=now,
                )
            )
    moved = [event.ticket_id for event in events]
    rows = Ticket.objects.for_workspace(workspace_id).filter(pk__in=bulk.each_of(moved))
    rows.update(**_stamped(changes, now=now))
    return TicketEvent.objects.bulk_create(events)


def _stamped(changes: Changes, *, now: datetime) -> dict[str, Any]:
    """As a change of one ticket does it, for rows that stand in different ways."""
    values: dict[str, Any] = {
        **changes,
        "updated_at": now,
        "version": F("version") + 1,
    }
    status = changes.get("status")
    if status is None:
        return values

    def since(field: str) -> Case:
        return Case(When(status=status, then=F(field)), default=Value(now))

    values["status_at"] = since("status_at")
    if status in tickets.LIVE:
        values["resolved_at"] = values["closed_at"] = None
    else:
        values["resolved_at"] = Coalesce("resolved_at", Value(now))
        if status == TicketStatus.CLOSED:
            values["closed_at"] = since("closed_at")
    return values
