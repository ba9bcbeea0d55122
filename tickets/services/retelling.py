"""Telling a client again, or by e-mail, because a member wants it: audited, once for a form."""

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User
from tickets import ladder
from tickets.ladder import Rung
from tickets.models import (
    Audience,
    Notification,
    NotificationPath,
    NotificationRule,
    Ticket,
    TicketEvent,
)
from tickets.services import notification_facts as facts
from tickets.services import notifications
from tickets.services.notification_facts import Desk, Telling
from tickets.services.notifications import ByHand

_LOOKED_AT: Final = 50  # newest entries of a ticket


class NothingToTell(ValueError):
    """No rule says anything about what happened to this ticket, or it is nobody's."""


def tell(
    ticket: Ticket,
    *,
    actor: User,
    key: str,
    now: datetime,
    by_email: bool = False,
    ip: str | None = None,
) -> Notification:
    """Tell the ticket's client how it stands, quiet hours or not; raises NothingToTell.

    It says what was told last, or what the newest entry is that a rule is about. The same
    `key` again answers with the first one.
    """
    with transaction.atomic():
        tickets = Ticket.objects.for_workspace(ticket.workspace_id)
        tickets.select_for_update().get(pk=ticket.pk)
        rows = Notification.objects.for_workspace(ticket.workspace_id)
        known = rows.filter(business_key=f"hand:{key}").first()
        if known is not None:
            return known
        told = _newest(ticket)
        desk = Desk.of(ticket.workspace, [told.rule])
        by_hand = ByHand(actor, key)
        rung = (
            _mail(desk, told)
            if by_email
            else notifications.climb(desk, [told], now=now)[0]
        )
        notifications.write(
            desk, [(told, rung)], now=now, is_bulk=False, by_hand=by_hand
        )
        made: Notification = rows.get(business_key=f"hand:{key}")
        audit.record(
            workspace=ticket.workspace,
            action="notification.mailed" if by_email else "notification.told_again",
            actor=actor,
            target=str(ticket.key),
            details={"number": ticket.ticket_number, "path": made.path},
            ip=ip,
            now=now,
        )
    return made


def _mail(desk: Desk, told: Telling) -> Rung:
    values = facts.values_of(desk, told)
    return ladder.by_email(
        told.rule, values, address=told.address if desk.has_mail_server else ""
    )


def _newest(ticket: Ticket) -> Telling:
    """What there is to tell of the ticket as it is now."""
    [now] = facts.list_tickets(ticket.workspace_id, [ticket.pk])
    if now.client is None:
        raise NothingToTell
    rules = list(
        NotificationRule.objects.for_workspace(ticket.workspace_id)
        .filter(audience=Audience.CLIENT)
        .select_related("template")
    )
    desk = Desk.of(ticket.workspace, rules)
    last = (
        Notification.objects.for_workspace(ticket.workspace_id)
        .filter(ticket=ticket, audience=Audience.CLIENT, recipient=now.client)
        .exclude(path=NotificationPath.SKIPPED)
        .select_related("ticket_event")
        .order_by("-pk")
        .first()
    )
    events = [last.ticket_event] if last is not None else []
    entries = TicketEvent.objects.for_workspace(ticket.workspace_id)
    events += entries.filter(ticket=ticket).order_by("-pk")[:_LOOKED_AT]
    for event in events:
        if not facts.is_for(event, Audience.CLIENT, now):
            continue
        told = facts.tell_of(
            desk,
            now,
            Audience.CLIENT,
            kind=event.kind,
            event_id=event.pk,
            comment=event.text,
            state_key=facts.state_key(event, now),
        )
        if told:
            return told[0]
    raise NothingToTell
