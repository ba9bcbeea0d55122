"""Telling people about tickets: in the transaction of the ticket's event, once for each.

The rows, the promises in the outbox and the e-mails are written together with the event, or
not at all. Any number of events costs the same number of statements per thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from accounts import bulk
from accounts.keys import new_key
from accounts.models import User
from accounts.scoping import inside
from tickets import ladder, queue
from tickets.ladder import Rung
from tickets.models import (
    EventKind,
    Notification,
    NotificationPath,
    Ticket,
    TicketEvent,
)
from tickets.services import notification_facts as facts
from tickets.services.notification_facts import Desk, Telling
from whatsapp.models import OptOutScope
from whatsapp.services import outbox

TOLD_BEFORE: Final = "told_before"
SUPERSEDED: Final = "superseded"
_CHUNK: Final = 1000
# More at once than a person does by hand: people's own answers go first.
_BULK: Final = 20


def raise_for(
    workspace_id: int, events: Sequence[TicketEvent], *, now: datetime
) -> int:
    """Tell of these events whom the rules name; how many tellings that made.

    In the transaction that has written the events. Who cannot be told has a row with the
    reason. Called again it makes nothing more.
    """
    if not events:
        return 0
    with inside(workspace_id):
        desk = Desk.read(workspace_id, {one.kind for one in events})
        if desk is None:
            return 0
        made = 0
        is_bulk = len(events) > _BULK
        for start in range(0, len(events), _CHUNK):
            told = facts.tellings(desk, events[start : start + _CHUNK])
            made += _tell(desk, told, now=now, is_bulk=is_bulk)
    return made


def raise_for_ids(
    workspace_id: int, event_ids: Sequence[int], *, kind: EventKind, now: datetime
) -> int:
    """As `raise_for`, of rows that were written in a set; they are read only for a rule."""
    if not event_ids:
        return 0
    with inside(workspace_id):
        if Desk.read(workspace_id, [kind]) is None:
            return 0
        rows = TicketEvent.objects.for_workspace(workspace_id).filter(pk__in=event_ids)
        return raise_for(workspace_id, list(rows.order_by("pk")), now=now)


def release(desk: Desk, held: Sequence[Notification], *, now: datetime) -> int:
    """Tell what waited for the end of the quiet hours, as things are now.

    What is not so any more is told to nobody.
    """
    tickets = {
        one.pk: one
        for one in facts.list_tickets(
            desk.workspace.pk, {one.ticket_id for one in held}
        )
    }
    told: list[Telling] = []
    stale: list[int] = []
    for one in held:
        ticket = tickets.get(one.ticket_id)
        if ticket is None or one.rule is None or not _is_still_so(one, ticket):
            stale.append(one.pk)
            continue
        told.append(
            Telling(
                one.ticket_event_id,
                one.event,
                one.ticket_event.text,
                one.state_key,
                ticket,
                one.rule,
                client=one.recipient,
            )
        )
    rows = Notification.objects.for_workspace(desk.workspace)
    rows.filter(pk__in=stale).update(
        path=NotificationPath.SKIPPED, reason=SUPERSEDED, due_at=None
    )
    rungs = climb(desk, told, now=now)
    write(desk, list(zip(told, rungs, strict=True)), now=now, is_bulk=len(told) > _BULK)
    return len(told)


@dataclass(frozen=True, slots=True)
class ByHand:
    """A member tells somebody again; `key` makes a form that is sent twice one telling."""

    actor: User
    key: str


def _tell(desk: Desk, told: Sequence[Telling], *, now: datetime, is_bulk: bool) -> int:
    if not told:
        return 0
    sleeps_until = desk.quiet_until(now)
    before = _told_last(desk.workspace.pk, told)
    since = now - timedelta(minutes=desk.habits.repeat_minutes)
    ready: list[tuple[Telling, Rung]] = []
    waking: list[Telling] = []
    for one in told:
        place = one.ticket.pk, one.client.pk if one.client else None
        last = before.get(place) if one.client is not None else None
        if last is not None and last[0] == one.state_key and last[1] > since:
            ready.append((one, Rung(NotificationPath.SKIPPED, TOLD_BEFORE)))
            continue
        is_held = sleeps_until is not None and not desk.may_wake(one.ticket)
        if is_held and one.client is not None:
            ready.append((one, Rung(NotificationPath.HELD, "quiet_hours")))
        else:
            waking.append(one)
    _supersede(desk.workspace.pk, told)
    ready += zip(waking, climb(desk, waking, now=now), strict=True)
    return write(desk, ready, now=now, is_bulk=is_bulk, due_at=sleeps_until)


def climb(desk: Desk, told: Sequence[Telling], *, now: datetime) -> list[Rung]:
    """The rung of each, in their order."""
    ways = facts.ways_of(desk, told, now=now)
    templates = facts.templates_of(desk)
    rungs = []
    for one in told:
        values = facts.values_of(desk, one)
        if one.client is None:
            address = one.address if desk.mails else ""
            rungs.append(ladder.by_email(one.rule, values, address=address))
            continue
        rungs.append(
            ladder.climb(
                one.rule,
                ways[one.client.pk, one.rule.channel_id],
                values,
                address=one.address if desk.mails else "",
                templates=templates,
                now=now,
            )
        )
    return rungs


_TOLD_LAST: Final = """
SELECT DISTINCT ON (ticket_id, recipient_id) ticket_id, recipient_id, state_key, created_at
  FROM tickets_notification
 WHERE workspace_id = %(workspace)s AND ticket_id = ANY(%(tickets)s)
   AND audience = 'client' AND path NOT IN ('nobody', 'skipped')
 ORDER BY ticket_id, recipient_id, id DESC
"""


def _told_last(
    workspace_id: int, told: Sequence[Telling]
) -> dict[tuple[int, int | None], tuple[str, datetime]]:
    tickets = sorted({one.ticket.pk for one in told})
    rows = bulk.run(_TOLD_LAST, {"workspace": workspace_id, "tickets": tickets})
    return {(ticket, client): (key, at) for ticket, client, key, at in rows}


def _supersede(workspace_id: int, told: Sequence[Telling]) -> None:
    """Where a ticket stands now is news enough: what waits of an earlier state is not told."""
    moved = {
        one.ticket.pk: one.state_key
        for one in told
        if one.client is not None and one.state_key.startswith("status:")
    }
    if not moved:
        return
    bulk.run(
        """
        UPDATE tickets_notification held
           SET path = 'skipped', reason = %(reason)s, due_at = NULL
          FROM unnest(%(tickets)s::bigint[], %(states)s::text[]) AS new(ticket_id, state)
         WHERE held.workspace_id = %(workspace)s AND held.ticket_id = new.ticket_id
           AND held.path = 'held' AND held.audience = 'client'
           AND held.state_key LIKE 'status:%%' AND held.state_key <> new.state
        """,
        {
            "workspace": workspace_id,
            "reason": SUPERSEDED,
            "tickets": list(moved),
            "states": list(moved.values()),
        },
    )


def _is_still_so(held: Notification, ticket: Ticket) -> bool:
    if held.recipient_id != ticket.client_id:
        return False
    word, _, status = held.state_key.partition(":")
    return word != "status" or status == ticket.status


_WRITE: Final = """
WITH new AS (
    SELECT * FROM unnest(%(key)s::uuid[], %(ticket)s::bigint[], %(event_id)s::bigint[],
        %(rule)s::bigint[], %(client)s::bigint[], %(member)s::bigint[], %(kind)s::text[],
        %(audience)s::text[], %(language)s::text[], %(business)s::text[],
        %(state)s::text[], %(message)s::bigint[], %(template)s::text[], %(text)s::text[],
        %(path)s::text[], %(reason)s::text[]) WITH ORDINALITY
      AS t(key, ticket_id, event_id, rule_id, client_id, member_id, kind, audience,
           language, business_key, state_key, message_id, template, text, path, reason,
           place)
)
INSERT INTO tickets_notification AS known (workspace_id, key, ticket_id, ticket_event_id,
       rule_id, recipient_id, member_id, actor_id, event, audience, language, business_key,
       state_key, message_id, template, text, path, reason, due_at, created_at)
SELECT %(workspace)s, key, ticket_id, event_id, rule_id, client_id, member_id,
       %(actor)s::bigint, kind, audience, language, business_key, state_key, message_id,
       template, text, path, reason,
       CASE WHEN path = 'held' THEN %(due_at)s::timestamptz END, %(now)s
  FROM new ORDER BY place
ON CONFLICT (workspace_id, business_key) DO UPDATE
   SET path = EXCLUDED.path, reason = EXCLUDED.reason, message_id = EXCLUDED.message_id,
       template = EXCLUDED.template, text = EXCLUDED.text, due_at = NULL
 WHERE known.path = 'held' AND EXCLUDED.path <> 'held'
RETURNING id, business_key
"""


def write(
    desk: Desk,
    ready: Sequence[tuple[Telling, Rung]],
    *,
    now: datetime,
    is_bulk: bool,
    due_at: datetime | None = None,
    by_hand: ByHand | None = None,
) -> int:
    """Rows, promises and e-mails; what waited becomes what it is now. How many were new."""
    workspace_id = desk.workspace.pk
    keys = [_key(one, by_hand) for one, _ in ready]
    messages = _promise(
        workspace_id, ready, keys, now=now, is_bulk=is_bulk, by_hand=by_hand
    )
    rows = bulk.run(
        _WRITE,
        {
            "workspace": workspace_id,
            "now": now,
            "due_at": due_at,
            "actor": by_hand.actor.pk if by_hand else None,
            "key": [new_key() for _ in ready],
            "ticket": [one.ticket.pk for one, _ in ready],
            "event_id": [one.event_id for one, _ in ready],
            "rule": [one.rule.pk for one, _ in ready],
            "client": [one.client.pk if one.client else None for one, _ in ready],
            "member": [one.member.pk if one.member else None for one, _ in ready],
            "kind": [one.kind for one, _ in ready],
            "audience": [one.rule.audience for one, _ in ready],
            "language": [one.rule.language for one, _ in ready],
            "business": keys,
            "state": [one.state_key for one, _ in ready],
            "message": [messages.get(key) for key in keys],
            "template": [rung.template for _, rung in ready],
            "text": [rung.text for _, rung in ready],
            "path": [rung.path.value for _, rung in ready],
            "reason": [str(rung.reason)[:200] for _, rung in ready],
        },
    )
    written = {key: id_ for id_, key in rows}
    mails = [
        (written[key], rung)
        for key, (_, rung) in zip(keys, ready, strict=True)
        if rung.path == NotificationPath.EMAIL and key in written
    ]
    if mails:
        _write_emails(workspace_id, mails, now=now)
    return len(written)


def _key(one: Telling, by_hand: ByHand | None) -> str:
    return f"hand:{by_hand.key}" if by_hand else one.business_key


def _promise(
    workspace_id: int,
    ready: Sequence[tuple[Telling, Rung]],
    keys: Sequence[str],
    *,
    now: datetime,
    is_bulk: bool,
    by_hand: ByHand | None,
) -> dict[str, int]:
    """The messages that carry them, by business key."""
    drafts: dict[str, outbox.Draft] = {}
    for key, (_, rung) in zip(keys, ready, strict=True):
        way = rung.way
        if rung.content is None or way is None:
            continue
        assert way.channel is not None  # noqa: S101  # checked on the ladder
        assert way.party is not None  # noqa: S101
        drafts[key] = outbox.Draft(
            business_key=f"notification:{key}",
            channel_id=way.channel.pk,
            recipient=way.party,
            content=rung.content,
            text=rung.text,
            shown=rung.shown,
            conversation_id=way.thread_id,
            author_id=by_hand.actor.pk if by_hand else None,
            # Who wants no marketing gets what is about their ticket: in bulk a free text
            # would count as marketing at the claim.
            is_bulk=is_bulk and OptOutScope.MARKETING not in way.opt_outs,
        )
    if not drafts:
        return {}
    promises = outbox.enqueue_many(workspace_id, list(drafts.values()), now=now)
    return {
        key: promise.message_id for key, promise in zip(drafts, promises, strict=True)
    }


def _write_emails(
    workspace_id: int, mails: Sequence[tuple[int, Rung]], *, now: datetime
) -> None:
    bulk.run(
        """
        INSERT INTO tickets_notificationemail (workspace_id, key, notification_id,
               to_address, subject, body, state, attempts, next_at, reason, detail,
               created_at)
        SELECT %(workspace)s, key, notification_id, to_address, subject, body, 'due', 0,
               %(now)s, '', '', %(now)s
          FROM unnest(%(key)s::uuid[], %(notification)s::bigint[], %(address)s::text[],
                      %(subject)s::text[], %(body)s::text[])
               AS new(key, notification_id, to_address, subject, body)
        ON CONFLICT (workspace_id, notification_id) DO NOTHING
        """,
        {
            "workspace": workspace_id,
            "now": now,
            "key": [new_key() for _ in mails],
            "notification": [id_ for id_, _ in mails],
            "address": [rung.to_address for _, rung in mails],
            "subject": [rung.subject for _, rung in mails],
            "body": [rung.text for _, rung in mails],
        },
    )
    queue.wake_after_commit()
