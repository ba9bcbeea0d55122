"""What has to be known of many tickets before anybody is told about them: read in sets.

The planner reads the same, for tickets as they would be.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from accounts import bulk
from accounts.models import User, Workspace
from tickets import notification_texts as texts
from tickets.ladder import Templates
from tickets.models import (
    Audience,
    Client,
    EventKind,
    EventSource,
    NotificationRule,
    NotificationSettings,
    Ticket,
    TicketEvent,
)
from tickets.services import client_links
from whatsapp.auto_texts import first_name
from whatsapp.services import reaching
from whatsapp.services.reaching import Person, Way

# Of a client's own words they need not be told; members hear of them.
_CLIENTS_OWN: Final = frozenset({EventSource.CLIENT, EventSource.WHATSAPP})
# Of tickets, their clients and assignees: thousands are read at once.
_READ: Final = (
    *("key", "workspace_id", "ticket_number", "title", "status", "priority"),
    *("conversation_id", "external_id", "external_url", "page_version"),
    *("client__key", "client__name", "client__phone", "client__match_key"),
    *("client__email", "client__language", "client__lead_id"),
    *("assignee__name", "assignee__email", "assignee__language"),
)


@dataclass(frozen=True, slots=True)
class Telling:
    """Somebody who is to be told of an event by a rule; `event_id` is None in a plan."""

    event_id: int | None
    kind: str
    comment: str
    state_key: str
    ticket: Ticket
    rule: NotificationRule
    client: Client | None = None
    member: User | None = None

    @property
    def address(self) -> str:
        if self.client is not None:
            return self.client.email
        return self.member.email if self.member is not None else ""

    @property
    def business_key(self) -> str:
        """Once for an event, an audience and a person."""
        whom = self.client or self.member
        number = whom.pk if whom is not None else 0
        return f"ticket:{self.event_id}:{self.rule.audience}:{number}"


@dataclass(slots=True)
class Desk:
    """A workspace's rules and ways of telling, read once."""

    workspace: Workspace
    habits: NotificationSettings
    rules: dict[tuple[str, str], dict[str, NotificationRule]] = field(
        default_factory=dict
    )

    @classmethod
    def read(cls, workspace_id: int, kinds: Collection[str]) -> "Desk | None":
        """None where no rule is about any of these: one query then."""
        rows = list(
            NotificationRule.objects.for_workspace(workspace_id)
            .filter(event__in=kinds, is_active=True)
            .select_related("template", "workspace")
            .order_by("pk")
        )
        if not rows:
            return None
        return cls.of(rows[0].workspace, rows)

    @classmethod
    def of(cls, workspace: Workspace, rows: Sequence[NotificationRule]) -> "Desk":
        found = NotificationSettings.objects.for_workspace(workspace).first()
        desk = cls(workspace, found or NotificationSettings(workspace=workspace))
        for rule in rows:
            desk.rules.setdefault((rule.event, rule.audience), {})[rule.language] = rule
        return desk

    def rule_for(
        self, kind: str, audience: str, language: str
    ) -> NotificationRule | None:
        """In the person's language, else the workspace's, else any."""
        known = self.rules.get((kind, audience), {})
        for one in (language, self.workspace.language):
            if one in known:
                return known[one]
        return next(iter(known.values()), None)

    @property
    def mails(self) -> bool:
        return self.habits.sends_email and self.has_mail_server

    @property
    def has_mail_server(self) -> bool:
        return bool(settings.EMAIL_HOST)

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that last now; None when nobody sleeps."""
        habits = self.habits
        if not habits.is_quiet or habits.quiet_from == habits.quiet_until:
            return None
        zone = ZoneInfo(self.workspace.time_zone)
        here = now.astimezone(zone)
        minute = here.hour * 60 + here.minute
        begins, ends = habits.quiet_from, habits.quiet_until
        is_night = (
            begins <= minute < ends
            if begins < ends
            else minute >= begins or minute < ends
        )
        if not is_night:
            return None
        day = here.date()
        if minute >= ends:  # the end is tomorrow's
            day += timedelta(days=1)
        end = datetime(
            day.year, day.month, day.day, ends // 60 % 24, ends % 60, tzinfo=zone
        )
        return end.astimezone(now.tzinfo)

    def may_wake(self, ticket: Ticket) -> bool:
        return self.habits.urgent_is_exempt and ticket.priority == "urgent"


def tellings(desk: Desk, events: Sequence[TicketEvent]) -> list[Telling]:
    """Whom the rules tell of these events, in their order."""
    ids = {one.ticket_id for one in events}
    tickets = {one.pk: one for one in list_tickets(desk.workspace.pk, ids)}
    found: list[Telling] = []
    for event in events:
        ticket = tickets.get(event.ticket_id)
        if ticket is None:
            continue
        for audience in Audience:
            if is_for(event, audience, ticket):
                found += tell_of(
                    desk,
                    ticket,
                    audience,
                    kind=event.kind,
                    event_id=event.pk,
                    comment=event.text,
                    state_key=state_key(event, ticket),
                )
    return found


def tell_of(
    desk: Desk,
    ticket: Ticket,
    audience: Audience,
    *,
    kind: str,
    event_id: int | None,
    comment: str = "",
    state_key: str,
) -> list[Telling]:
    """At most one: who is to be told, by the rule in their language."""
    client = ticket.client if audience == Audience.CLIENT else None
    member = ticket.assignee if audience == Audience.ASSIGNEE else None
    reader: Client | User | None = client or member
    if reader is None:
        return []
    rule = desk.rule_for(kind, audience, reader.language)
    if rule is None:
        return []
    return [Telling(event_id, kind, comment, state_key, ticket, rule, client, member)]


def is_for(event: TicketEvent, audience: Audience, ticket: Ticket) -> bool:
    """Whether an event is any news to them."""
    if audience == Audience.ASSIGNEE:
        return event.actor_id is None or event.actor_id != ticket.assignee_id
    if event.kind == EventKind.REPLIED or event.source in _CLIENTS_OWN:
        return False
    return event.kind != EventKind.COMMENTED or event.is_public


def state_key(event: TicketEvent, ticket: Ticket) -> str:
    """What of the ticket an event tells, in a word: the same word is the same news."""
    if event.kind in (
        EventKind.WAITING,
        EventKind.RESOLVED,
        EventKind.CLOSED,
        EventKind.REOPENED,
    ):
        pair = event.details.get("status") or ["", ticket.status]
        return f"status:{pair[1]}"
    if event.kind == EventKind.CREATED:
        return "created"
    return f"event:{event.pk}"


def list_tickets(workspace_id: int, ids: Collection[int]) -> list[Ticket]:
    return list(
        Ticket.objects.for_workspace(workspace_id)
        .filter(pk__in=bulk.each_of(ids))
        .select_related("client", "assignee")
        .only(*_READ)
        .order_by("pk")
    )


def ways_of(
    desk: Desk, told: Sequence[Telling], *, now: datetime
) -> dict[tuple[int, int | None], Way]:
    """By client and the number that the rule allows; a client's newest ticket counts for
    the conversation that they are reached in."""
    groups: dict[int | None, dict[int, Person]] = {}
    for one in told:
        if one.client is None:
            continue
        group = groups.setdefault(one.rule.channel_id, {})
        group[one.client.pk] = Person(
            one.client.pk,
            one.client.lead_id,
            one.client.phone,
            one.client.match_key,
            one.ticket.conversation_id,
        )
    found: dict[tuple[int, int | None], Way] = {}
    for channel_id, people in groups.items():
        ways = reaching.ways(
            desk.workspace.pk,
            list(people.values()),
            now=now,
            channel_id=channel_id,
            default_channel_id=desk.habits.channel_id,
        )
        found |= {(client_id, channel_id): way for client_id, way in ways.items()}
    return found


def templates_of(desk: Desk) -> Templates:
    names = {
        rule.template.name
        for known in desk.rules.values()
        for rule in known.values()
        if rule.template is not None
    }
    if not names:
        return {}
    return reaching.templates_by_name(desk.workspace.pk, sorted(names))


def values_of(desk: Desk, one: Telling, *, with_link: bool = True) -> dict[str, str]:
    """What fills the variables. Without a link its place is taken by an example: a plan
    signs nothing."""
    ticket, language = one.ticket, one.rule.language
    name = one.client.name if one.client is not None else ""
    if one.member is not None:
        name = one.member.name
    url = (
        _url(desk, one)
        if with_link and _links(one.rule)
        else settings.PUBLIC_URL + "/t/…"
    )
    return {
        "name": first_name(name),
        "number": str(ticket.ticket_number),
        "title": ticket.title,
        "status": _word(texts.STATUS_WORDS, language, ticket.status),
        "priority": _word(texts.PRIORITY_WORDS, language, ticket.priority),
        "url": url,
        "url_path": url.removeprefix(settings.PUBLIC_URL).removeprefix("/"),
        "business": desk.workspace.name,
        "comment": one.comment,
    }


def _links(rule: NotificationRule) -> bool:
    written = [rule.text, rule.email_subject, rule.email_body]
    written += [str(one) for one in rule.template_values.values()]
    return any(texts.uses(one, "url") or texts.uses(one, "url_path") for one in written)


def _url(desk: Desk, one: Telling) -> str:
    """A ticket of another system is looked at there; members go to their own page."""
    ticket = one.ticket
    if one.member is not None:
        return settings.PUBLIC_URL + reverse(
            "tickets:ticket-detail",
            kwargs={"workspace_slug": desk.workspace.slug, "key": ticket.key},
        )
    if ticket.external_id and ticket.external_url:
        return ticket.external_url
    return client_links.make(ticket)


def _word(words: Mapping[str, Mapping[str, str]], language: str, value: str) -> str:
    known = words.get(language) or words["en"]
    return known.get(value, value)
