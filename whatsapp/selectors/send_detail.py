"""One send with its whole story: every step that is known, with its exact time."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Workspace
from whatsapp.models import MediaAsset, OutboxEntry, OutboxState, StatusEvent
from whatsapp.selectors.outages import person_of
from whatsapp.selectors.people import Person
from whatsapp.selectors.thread import File

_MOST_STATUSES = 100


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is worded in the template; `told_at` is when we heard of it, where that is
    another moment. `code` and `said` are of a failure."""

    name: str
    at: datetime
    told_at: datetime | None = None
    code: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class SendView:
    """`copy` is the send by which this one was sent again, `original` the one it repeats."""

    entry: OutboxEntry
    person: Person
    steps: tuple[Step, ...]
    files: tuple[File, ...]
    copy: OutboxEntry | None
    original: OutboxEntry | None


def find_send(workspace: Workspace, *, key: uuid.UUID) -> SendView | None:
    entry = (
        OutboxEntry.objects.for_workspace(workspace)
        .select_related(
            "message__author", "message__conversation__lead", "channel__integration"
        )
        .filter(key=key)
        .first()
    )
    if entry is None:
        return None
    thread = entry.message.conversation
    name = thread.lead.name if thread else ""
    return SendView(
        entry=entry,
        person=_named(name, entry.peer_key),
        steps=_steps(entry),
        files=_files(entry),
        copy=_by_business_key(entry, f"again:{entry.pk}"),
        original=_original(entry),
    )


def _named(name: str, peer_key: str) -> Person:
    """By the number that it went to; the lead's other ones are not part of this story."""
    told = person_of(peer_key, None, None, None)
    return Person(name=name, phone=told.phone, alias=told.alias)


def _files(entry: OutboxEntry) -> tuple[File, ...]:
    rows = MediaAsset.objects.for_workspace(entry.workspace_id).filter(
        message=entry.message_id
    )
    return tuple(
        File(
            one.kind,
            one.mime_sniffed or one.mime_told,
            one.filename,
            one.size,
            one.state,
        )
        for one in rows.order_by("pk")
    )


def _original(entry: OutboxEntry) -> OutboxEntry | None:
    word, _, number = entry.business_key.partition(":")
    if word != "again" or not number.isdecimal():
        return None
    found: OutboxEntry | None = (
        OutboxEntry.objects.for_workspace(entry.workspace_id)
        .filter(pk=int(number))
        .first()
    )
    return found


def _by_business_key(entry: OutboxEntry, business_key: str) -> OutboxEntry | None:
    found: OutboxEntry | None = (
        OutboxEntry.objects.for_workspace(entry.workspace_id)
        .filter(business_key=business_key)
        .first()
    )
    return found


def _steps(entry: OutboxEntry) -> tuple[Step, ...]:
    """In the order of their times. The provider's clock may have whole seconds only, so what
    it told is not moved before what we did."""
    steps = [Step("promised", entry.created_at)]
    if entry.submitted_at:
        steps.append(Step("handed_over", entry.submitted_at))
    if entry.looked_up_at:
        steps.append(Step("looked_up", entry.looked_up_at))
    told = (
        StatusEvent.objects.for_workspace(entry.workspace_id)
        .filter(message=entry.message_id)
        .order_by("provider_at", "pk")[:_MOST_STATUSES]
    )
    steps += [
        Step(
            f"told_{one.status}",
            one.provider_at,
            one.received_at,
            one.error_code,
            one.error_text,
        )
        for one in told
    ]
    if entry.settled_at and entry.state != OutboxState.ACCEPTED:
        name = "dropped" if entry.state == OutboxState.DROPPED else "failed"
        steps.append(Step(name, entry.settled_at, code=entry.reason, said=entry.detail))
    elif entry.settled_at and entry.resolution:
        steps.append(Step(f"settled_{entry.resolution}", entry.settled_at))
    if entry.state == OutboxState.DUE and entry.attempts:
        steps.append(Step("next_try", entry.next_at))
    ranks = {"promised": 0, "handed_over": 1}
    return tuple(
        sorted(
            steps,
            key=lambda one: (
                one.at.replace(microsecond=0),
                ranks.get(one.name, 2),
                one.at,
            ),
        )
    )
