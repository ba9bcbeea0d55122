"""An event that another system has proven, worked into its ticket once.

The row of the event is taken first: whoever tells it at the same moment waits for that
transaction and then finds it told. What is refused leaves a row without the event's name, so
that it may be told again once the reason is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from accounts import audit, bulk, emails
from accounts.models import Membership
from accounts.scoping import workspace_transaction
from tickets import event_kinds
from tickets.event_bodies import ClientTold, Told
from tickets.models import (
    Client,
    EventKind,
    EventSource,
    IncomingEvent,
    IncomingSource,
    Ticket,
    TicketEvent,
    TicketStatus,
    Verdict,
)
from tickets.services import clients, tickets
from tickets.services.clients import Facts
from tickets.services.tickets import By, Changes, NotAMember

_CREATED: Final = event_kinds.PREFIX + EventKind.CREATED
_TAKE = """
INSERT INTO tickets_incomingevent (workspace_id, key, source_id, event_id, told_id, kind,
       verdict, reason, field, fields, occurred_at, received_at)
VALUES (%(workspace)s, gen_random_uuid(), %(source)s, %(id)s, %(id)s, %(kind)s,
        'applied', '', '', '[]', %(occurred_at)s, %(now)s)
ON CONFLICT (source_id, event_id) DO NOTHING
RETURNING id
"""


class Unacceptable(Exception):
    """Well written, and cannot be done. `reason` is a fixed word, `value` what it is about."""

    def __init__(self, reason: str, *, field: str, value: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.value = value


@dataclass(frozen=True, slots=True)
class Outcome:
    """`is_repeat`: it had been told before, and nothing happened now."""

    verdict: str
    ticket_number: int | None = None
    is_repeat: bool = False


def receive(
    source: IncomingSource, told: Told, *, now: datetime, ip: str | None = None
) -> Outcome:
    """Raises Unacceptable. What it did is committed when it returns."""
    if told.occurred_at is not None and told.occurred_at > now:
        told = replace(told, occurred_at=now)  # a clock ahead of ours is not believed
    try:
        with workspace_transaction(source.workspace_id):
            return _receive(source, told, now=now, ip=ip)
    except Unacceptable as refused:
        note_refused(
            source,
            told_id=told.id,
            kind=told.kind,
            reason=refused.reason,
            field=refused.field,
            now=now,
        )
        raise


def note_refused(
    source: IncomingSource,
    *,
    told_id: str,
    kind: str,
    reason: str,
    field: str,
    now: datetime,
) -> None:
    """A proven event that could not be taken, for whoever looks for it."""
    with workspace_transaction(source.workspace_id):
        IncomingEvent.objects.create(
            workspace_id=source.workspace_id,
            source=source,
            told_id=told_id,
            kind=kind,
            verdict=Verdict.REFUSED,
            reason=reason,
            field=field,
            received_at=now,
        )


def note_unproven(source: IncomingSource, *, why: str, now: datetime) -> None:
    """Anybody can send what proves nothing: it is counted, and leaves no row."""
    with workspace_transaction(source.workspace_id):
        sources = IncomingSource.objects.for_workspace(source.workspace_id)
        sources.filter(pk=source.pk).update(
            refused=F("refused") + 1, last_refused_at=now, last_refusal=why
        )


def _receive(
    source: IncomingSource, told: Told, *, now: datetime, ip: str | None
) -> Outcome:
    events = IncomingEvent.objects.for_workspace(source.workspace_id)
    row_id = _take(source, told, now=now)
    if row_id is None:
        known = events.select_related("ticket").get(source=source, event_id=told.id)
        number = known.ticket.ticket_number if known.ticket else None
        return Outcome(known.verdict, number, is_repeat=True)
    if not told.is_about_tickets:
        events.filter(pk=row_id).update(verdict=Verdict.IGNORED)
        _note_received(source, now=now)
        return Outcome(Verdict.IGNORED)
    work = _Work(source, told, now)
    verdict = work.do()
    ticket = work.ticket
    events.filter(pk=row_id).update(
        verdict=verdict, ticket=ticket, fields=sorted(work.set_fields)
    )
    if verdict != Verdict.UNCHANGED:
        audit.record(
            workspace=source.workspace,
            action="event.received",
            actor_label=source.name,
            target=str(ticket.key),
            details={"kind": told.kind, "number": ticket.ticket_number},
            ip=ip,
            now=now,
        )
    _note_received(source, now=now)
    return Outcome(verdict, ticket.ticket_number)


def _note_received(source: IncomingSource, *, now: datetime) -> None:
    """Last of all: its other events wait for this row until the transaction ends."""
    sources = IncomingSource.objects.for_workspace(source.workspace_id)
    sources.filter(pk=source.pk).update(last_received_at=now)


def _take(source: IncomingSource, told: Told, *, now: datetime) -> int | None:
    """The event's row, or None where it was told before."""
    rows = bulk.run(
        _TAKE,
        {
            "workspace": source.workspace_id,
            "source": source.pk,
            "id": told.id,
            "kind": told.kind,
            "occurred_at": told.occurred_at,
            "now": now,
        },
    )
    return rows[0][0] if rows else None


class _Work:
    """One event on its way into its ticket, inside the transaction that took its row."""

    ticket: Ticket

    def __init__(self, source: IncomingSource, told: Told, now: datetime) -> None:
        self.source, self.told, self.now = source, told, now
        self.set_fields: set[str] = set()
        self._name = f"{source.key.hex}:{told.id}"

    def do(self) -> Verdict:
        found = self._find()
        if found is None:
            self.ticket = self._open()
            if self._is_ours(self.ticket):
                self._say()
                return Verdict.APPLIED
        else:
            self.ticket = found
        wanted = self._changes()
        fresh = self._still_new(wanted)
        is_changed = self._change(fresh)
        is_said = self._say()
        if is_changed or is_said:
            return Verdict.APPLIED
        return Verdict.LATE if len(fresh) < len(wanted) else Verdict.UNCHANGED

    def _find(self) -> Ticket | None:
        """By the other system's name for it before our own number."""
        rows = Ticket.objects.for_workspace(self.source.workspace_id)
        told, found = self.told, None
        if told.ticket_id:
            found = rows.filter(external_id=told.ticket_id).first()
        if found is None and told.ticket_number is not None:
            found = rows.filter(ticket_number=told.ticket_number).first()
            if found is None:
                raise Unacceptable(
                    "unknown_ticket",
                    field="data.ticket_number",
                    value=told.ticket_number,
                )
        return found

    def _open(self) -> Ticket:
        """Also for a later event that overtook the first one, if it tells enough."""
        values = dict(self.told.values)
        if "title" not in values:
            raise Unacceptable(
                "unknown_ticket", field="data.ticket_id", value=self.told.ticket_id
            )
        client = self._client()
        assignee_id = self._assignee_id()
        by = By(source=EventSource.SYSTEM, event_id=self._name)
        try:
            ticket = tickets.open_ticket(
                self.source.workspace,
                title=values["title"],
                description=values.get("description", ""),
                priority=values.get("priority", "normal"),
                client=client,
                assignee_id=assignee_id,
                status=values.get("status", TicketStatus.OPEN),
                external_id=self.told.ticket_id,
                external_url=values.get("external_url", ""),
                by=by,
                now=self.now,
            )
        except NotAMember:
            raise self._no_member() from None
        if self._is_ours(ticket):
            self.set_fields = {*self.told.values, *self._people()}
        return ticket

    def _is_ours(self, ticket: Ticket) -> bool:
        """Or another event has opened it at this very moment."""
        entries = TicketEvent.objects.for_workspace(self.source.workspace_id)
        return bool(entries.filter(ticket=ticket, external_id=self._name).exists())

    def _changes(self) -> dict[str, Any]:
        if self.told.kind == _CREATED and self.told.occurred_at is None:
            return {}  # it is there, and nobody knows which of the two tells the latest
        wanted: dict[str, Any] = dict(self.told.values)
        if self.told.client is not None:
            client = self._client()
            wanted["client_id"] = client.pk if client else None
        if self.told.assignee is not None:
            wanted["assignee_id"] = self._assignee_id()
        return wanted

    def _still_new(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Without what another event has set as of a later moment."""
        if self.told.occurred_at is None or not wanted:
            return dict(wanted)
        # Held before it is asked, so that two events of one ticket come one after the other.
        Ticket.objects.for_workspace(self.source.workspace_id).select_for_update().get(
            pk=self.ticket.pk
        )
        later = IncomingEvent.objects.for_workspace(self.source.workspace_id).filter(
            ticket=self.ticket, occurred_at__gt=self.told.occurred_at
        )
        overtaken = {
            name for fields in later.values_list("fields", flat=True) for name in fields
        }
        return {name: value for name, value in wanted.items() if name not in overtaken}

    def _change(self, fresh: Mapping[str, Any]) -> bool:
        self.set_fields = set(fresh)
        if not fresh:
            return False
        by = By(source=EventSource.SYSTEM, event_id=self._name)
        changes = Changes(**fresh)  # type: ignore[typeddict-item]  # named as its members
        try:
            event = tickets.change(self.ticket, changes, by=by, now=self.now)
        except NotAMember:
            raise self._no_member() from None
        return event is not None

    def _say(self) -> bool:
        comment = self.told.comment
        if comment is None:
            return False
        by = By(source=EventSource.SYSTEM, event_id=f"{self._name}#c")
        if comment.is_clients:
            tickets.take_answer(self.ticket, text=comment.text, by=by, now=self.now)
        else:
            tickets.comment(
                self.ticket,
                text=comment.text,
                is_public=comment.is_public,
                by=by,
                now=self.now,
            )
        return True

    def _people(self) -> set[str]:
        told = self.told
        named = {"client_id": told.client, "assignee_id": told.assignee}
        return {name for name, value in named.items() if value is not None}

    def _client(self) -> Client | None:
        told: ClientTold | None = self.told.client
        if told is None:
            return None
        if told.facts:
            facts = Facts(**told.facts)  # type: ignore[typeddict-item]  # named as its members
            return clients.sync(
                self.source.workspace, told.oauth_id, facts, now=self.now
            )
        rows = Client.objects.for_workspace(self.source.workspace_id)
        known: Client | None = rows.filter(oauth_id=told.oauth_id).first()
        if known is None:
            raise Unacceptable(
                "unknown_client", field="data.client_id", value=told.oauth_id
            )
        return known

    def _assignee_id(self) -> int | None:
        """By e-mail, in any case; only who may work on tickets."""
        email = self.told.assignee
        if not email:
            return None
        found = (
            Membership.objects.for_workspace(self.source.workspace_id)
            .filter(user__email=emails.normal(email), user__is_active=True)
            .values_list("user_id", flat=True)
            .first()
        )
        if found is None:
            raise self._no_member()
        return int(found)

    def _no_member(self) -> Unacceptable:
        return Unacceptable(
            "unknown_assignee",
            field="data.assignee",
            value=self.told.assignee or "",
        )
