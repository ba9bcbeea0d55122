"""Whom a rule or a change would reach, before it is: the same ladder, and nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.models import Workspace
from accounts.scoping import inside
from tickets import ladder
from tickets.ladder import Rung
from tickets.models import (
    Audience,
    Client,
    EventKind,
    NotificationPath,
    NotificationRule,
    Ticket,
    TicketStatus,
)
from tickets.services import notification_facts as facts
from tickets.services.notification_facts import Desk, Telling
from tickets.services.tickets import Changes, kind_of
from whatsapp.services.reaching import Way

_CHUNK: Final = 1000
# A rule's plan looks at the tickets that are worked on, the newest first.
MOST_PLANNED: Final = 20_000
ORDER: Final = (
    NotificationPath.FREE_TEXT,
    NotificationPath.TEMPLATE,
    NotificationPath.EMAIL,
    NotificationPath.NOBODY,
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One who would be told; `ticket` is the one it would be about."""

    ticket: Ticket
    client: Client | None
    path: NotificationPath
    reason: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`waits` says that it is the quiet hours: this goes out when they end."""

    planned: tuple[Planned, ...]
    waits_until: datetime | None = None
    nobody_named: int = 0  # tickets without a client

    @property
    def total(self) -> int:
        return len(self.planned)

    @property
    def counts(self) -> list[tuple[NotificationPath, int]]:
        """By way, the best first; ways that nobody is reached by are left out."""
        found = [(one, sum(row.path == one for row in self.planned)) for one in ORDER]
        return [(path, number) for path, number in found if number]

    def by(self, path: str) -> list[Planned]:
        return [one for one in self.planned if one.path == path]


def plan_rule(workspace: Workspace, rule: NotificationRule, *, now: datetime) -> Plan:
    """Of whoever has a ticket that is worked on: each client once, by their newest one.

    Only those whom this rule is for: with another rule in their own language, that counts.
    """
    with inside(workspace.pk):
        others = NotificationRule.objects.for_workspace(workspace).filter(
            event=rule.event, audience=rule.audience, is_active=True
        )
        rules = [*others.exclude(pk=rule.pk or 0), rule]
        desk = Desk.of(workspace, rules)
        live = Ticket.objects.for_workspace(workspace).filter(
            status__in=(TicketStatus.OPEN, TicketStatus.WAITING),
            client__isnull=False,
        )
        newest = live.order_by("client_id", "-updated_at", "-pk").distinct("client_id")
        ids = list(newest.values_list("pk", flat=True)[:MOST_PLANNED])
        told = _tellings(desk, ids, rule.event, audience=rule.audience)
        mine = [one for one in told if one.rule is rule]
        return _plan(desk, mine, now=now)


def plan_change(
    workspace: Workspace,
    tickets: Sequence[Ticket],
    changes: Changes,
    *,
    now: datetime,
) -> Plan:
    """Of the clients of these tickets, were they changed so. What stays as it is tells nobody."""
    kinds: dict[EventKind, list[int]] = {}
    for ticket in tickets:
        before: dict[str, Any] = {name: getattr(ticket, name) for name in changes}
        changed = {
            name: value for name, value in changes.items() if before[name] != value
        }
        if changed:
            kinds.setdefault(kind_of(before, changed), []).append(ticket.pk)
    if not kinds:
        return Plan(())
    with inside(workspace.pk):
        desk = Desk.read(workspace.pk, list(kinds))
        if desk is None:
            return Plan(())
        told: list[Telling] = []
        for kind, ids in kinds.items():
            told += _tellings(
                desk, ids, kind, audience=Audience.CLIENT, status=changes.get("status")
            )
        plan = _plan(desk, told, now=now)
    moved = sum(len(ids) for ids in kinds.values())
    return Plan(plan.planned, plan.waits_until, moved - len(told))


def _tellings(
    desk: Desk,
    ticket_ids: Sequence[int],
    kind: str,
    *,
    audience: str,
    status: str | None = None,
) -> list[Telling]:
    found: list[Telling] = []
    for start in range(0, len(ticket_ids), _CHUNK):
        for ticket in facts.list_tickets(
            desk.workspace.pk, ticket_ids[start : start + _CHUNK]
        ):
            ticket.status = status or ticket.status
            found += facts.tell_of(
                desk,
                ticket,
                Audience(audience),
                kind=kind,
                event_id=None,
                comment="…",
                state_key="",
            )
    return found


def _plan(desk: Desk, told: Sequence[Telling], *, now: datetime) -> Plan:
    planned: list[Planned] = []
    templates = facts.templates_of(desk)
    for start in range(0, len(told), _CHUNK):
        chunk = told[start : start + _CHUNK]
        ways = facts.ways_of(desk, chunk, now=now)
        for one in chunk:
            rung = _rung(desk, one, ways, templates, now=now)
            channel = rung.way.channel if rung.way else None
            planned.append(
                Planned(
                    one.ticket,
                    one.client,
                    rung.path,
                    str(rung.reason),
                    channel.provider if channel else "",
                )
            )
    return Plan(tuple(planned), desk.quiet_until(now))


def _rung(
    desk: Desk,
    one: Telling,
    ways: dict[tuple[int, int | None], Way],
    templates: ladder.Templates,
    *,
    now: datetime,
) -> Rung:
    values = facts.values_of(desk, one, with_link=False)
    address = one.address if desk.mails else ""
    if one.client is None:
        return ladder.by_email(one.rule, values, address=address)
    way = ways[one.client.pk, one.rule.channel_id]
    return ladder.climb(
        one.rule, way, values, address=address, templates=templates, now=now
    )
