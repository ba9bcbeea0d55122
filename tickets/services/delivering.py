"""Posting events to the systems that subscribed, one after the other for each of them.

One thread claims, reads and writes; the others do nothing but post, and have no connection
to the database. A subscription is one worker's turn at a time, by a lease that ends with a
worker that died: then its last event is posted once more under the same id.

Whatever is not 2xx is tried again, later each time. A receiver that gives no answer at all
loses its turn, so that it holds nobody up; one that says 410 Gone is switched off.
"""

import logging
import queue
import random
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from accounts import audit, bulk
from accounts.scoping import workspace_transaction
from integrations import http, signing
from integrations.gateway import asking_threads
from integrations.providers.base.errors import ProviderError
from integrations.redaction import Redactor
from integrations.signing import Secret
from tickets.models import (
    DeliveryAttempt,
    DeliveryState,
    EventDelivery,
    Subscription,
)
from tickets.services import signing_secrets

# After each attempt but the last: ten attempts within two days.
PAUSES: Final = (5, 30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400)  # seconds
JITTER: Final = 0.2  # of a pause, added to it
KEPT_TRYING: Final = timedelta(days=4)  # what had no turn for so long is given up
LONGEST_TURN_PAUSE: Final = 600  # seconds, of a receiver that gives no answer
ANSWER_SECONDS: Final = 10.0
MOST_ANSWER_BYTES: Final = 1024 * 1024
LEASE_SECONDS: Final = 90
THREADS: Final = 16
BATCH: Final = 50  # events of one turn
GONE: Final = 410
_HEAD: Final = 2048  # characters of a head or a body in the log
_FATAL: Final = "unreadable_secret"

logger = logging.getLogger("integrations")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event to be posted."""

    id: int
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """A subscription's: what it gets now, with what it is signed."""

    subscription_id: int
    workspace_id: int
    url: str
    token: uuid.UUID
    secrets: Sequence[Secret] = field(repr=False)
    parcels: Sequence[Parcel] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back. `status` is None where nothing did, and `error` says why."""

    at: datetime
    elapsed_ms: int
    status: int | None
    error: str
    request: str
    response: str
    retry_after: int = 0

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def reason(self) -> str:
        return self.error or f"http_{self.status}"


@dataclass(slots=True)
class Tally:
    delivered: int = 0
    failed: int = 0


_News = tuple[Turn, Parcel, Heard] | Turn  # a turn alone has ended


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tickets_deliveries_due()")
        return bool(cursor.fetchone()[0])


def drain(*, budget_seconds: float) -> Tally:
    """Post what is due until nothing is, or the time is up."""
    ends_at = time.monotonic() + budget_seconds
    tally, news = Tally(), queue.SimpleQueue[_News]()
    with asking_threads(THREADS, name="deliver") as pool:
        going = _begin(pool, news, THREADS, ends_at=ends_at)
        while going:
            told = news.get()
            if isinstance(told, Turn):
                _release(told)
                going -= 1
                if time.monotonic() < ends_at:
                    going += _begin(pool, news, THREADS - going, ends_at=ends_at)
            else:
                _record(*told, tally)
    return tally


def _begin(
    pool: ThreadPoolExecutor,
    news: "queue.SimpleQueue[_News]",
    most: int,
    *,
    ends_at: float,
) -> int:
    claimed = [_load(*one) for one in _claim(most)]
    turns = [one for one in claimed if one is not None]
    for turn in turns:
        pool.submit(_post_all, turn, news, ends_at)
    return len(turns)


def _claim(most: int) -> list[tuple[int, int, uuid.UUID]]:
    token = uuid.uuid4()
    rows = bulk.run(
        "SELECT subscription_id, subscription_workspace_id"
        "  FROM tickets_subscription_claim(%s::integer, %s::uuid, %s::integer)",
        [most, token, LEASE_SECONDS],
    )
    return [(id_, workspace_id, token) for id_, workspace_id in rows]


def _load(subscription_id: int, workspace_id: int, token: uuid.UUID) -> Turn | None:
    """None where it was deleted meanwhile."""
    now = timezone.now()
    with workspace_transaction(workspace_id):
        rows = Subscription.objects.for_workspace(workspace_id)
        subscription = rows.filter(pk=subscription_id).first()
        if subscription is None:
            return None
        due = EventDelivery.objects.for_workspace(workspace_id).filter(
            subscription=subscription, state=DeliveryState.DUE, next_at__lte=now
        )
        due.filter(since__lt=now - KEPT_TRYING).update(
            state=DeliveryState.FAILED, reason="expired", settled_at=now
        )
        parcels = [
            Parcel(id_, event_id, body.encode())
            for id_, event_id, body in due.order_by("pk").values_list(
                "pk", "event_id", "body"
            )[:BATCH]
        ]
        try:
            secrets = signing_secrets.opened(subscription, now=now)
        except signing.Unreadable:
            secrets = []
    return Turn(
        subscription_id, workspace_id, subscription.url, token, secrets, parcels
    )


# --- in the threads -----------------------------------------------------------------
def _post_all(turn: Turn, news: "queue.SimpleQueue[_News]", ends_at: float) -> None:
    """One after the other, until one is not answered at all."""
    try:
        client = http.Client(
            workspace_id=turn.workspace_id,
            secrets=[one.reveal() for one in turn.secrets],
            deadline=ANSWER_SECONDS,
            max_bytes=MOST_ANSWER_BYTES,
            failures=[],
        )
        for parcel in turn.parcels:
            if time.monotonic() >= ends_at:
                return
            heard = _post(client, turn, parcel)
            news.put((turn, parcel, heard))
            if heard.status in (None, GONE):
                return
    finally:
        news.put(turn)


def _post(client: http.Client, turn: Turn, parcel: Parcel) -> Heard:
    at, started = timezone.now(), time.monotonic()
    redactor = Redactor(keys=(), secrets=[one.reveal() for one in turn.secrets])
    headers = _headers(turn, parcel, at)
    shown = redactor.headers({**headers, "webhook-signature": "v1,***"})
    status, error, response, wait = None, "", "", 0
    try:
        if not turn.secrets:
            error = _FATAL
        else:
            answer = client.request(
                "POST",
                turn.url,
                operation="deliver_event",
                headers=headers,
                content=parcel.body,
            )
            status = answer.status_code
            response = _shown(redactor, answer)
            wait = _retry_after(answer)
    except ProviderError as problem:
        error = problem.code
    return Heard(
        at=at,
        elapsed_ms=round((time.monotonic() - started) * 1000),
        status=status,
        error=error[:60],
        request=f"POST {redactor.url(turn.url)}\n{shown}"[:_HEAD],
        response=response,
        retry_after=wait,
    )


def _headers(turn: Turn, parcel: Parcel, at: datetime) -> dict[str, str]:
    """While secrets change, both sign: the receiver may know either."""
    seconds = int(at.timestamp())
    signatures = [
        signing.sign(one, event_id=parcel.event_id, at=seconds, body=parcel.body)
        for one in turn.secrets
    ]
    return {
        "Content-Type": "application/json",
        "webhook-id": parcel.event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def _shown(redactor: Redactor, answer: http.Response) -> str:
    head = f"{answer.status_code}\n{redactor.headers(answer.headers)}"
    kind = answer.headers.get("content-type", "")
    body = redactor.body(answer.content, kind)
    return f"{head[:_HEAD]}\n\n{body[:_HEAD]}".strip()


def _retry_after(answer: http.Response) -> int:
    """In seconds; a receiver that is busy says when to come back."""
    told = answer.headers.get("retry-after", "").strip()
    is_number = told.isascii() and told.isdigit() and len(told) <= 6
    return min(int(told), PAUSES[-1]) if is_number else 0


# --- what came back -----------------------------------------------------------------
def _record(turn: Turn, parcel: Parcel, heard: Heard, tally: Tally) -> None:
    with workspace_transaction(turn.workspace_id):
        # The subscription before its deliveries, as whoever switches it off holds them.
        rows = Subscription.objects.for_workspace(turn.workspace_id)
        subscription = rows.select_for_update().filter(pk=turn.subscription_id).first()
        if subscription is None:  # deleted, and its log with it
            return
        deliveries = EventDelivery.objects.for_workspace(turn.workspace_id)
        row = deliveries.select_for_update().defer("body").get(pk=parcel.id)
        DeliveryAttempt.objects.create(
            workspace_id=turn.workspace_id,
            delivery=row,
            at=heard.at,
            elapsed_ms=heard.elapsed_ms,
            status=heard.status,
            error=heard.error,
            request=heard.request,
            response=heard.response,
        )
        row.attempts += 1
        row.tries += 1
        if heard.is_good:
            row.state, row.reason = DeliveryState.DELIVERED, ""
            row.settled_at = heard.at
            tally.delivered += 1
        elif row.state == DeliveryState.DUE:
            _put_off(row, heard)
            tally.failed += 1
        row.save(
            update_fields=[
                *("attempts", "tries", "state", "reason", "settled_at", "next_at")
            ]
        )
        _note(subscription, heard)
    if not heard.is_good:
        ids = {"subscription_id": turn.subscription_id, "delivery_id": parcel.id}
        logger.warning("event not delivered", extra={**ids, "code": heard.reason})


def _put_off(row: EventDelivery, heard: Heard) -> None:
    row.reason = heard.reason
    if row.tries > len(PAUSES) or heard.status == GONE:
        row.state, row.settled_at = DeliveryState.FAILED, heard.at
        return
    pause = PAUSES[row.tries - 1] * (1 + random.random() * JITTER)  # noqa: S311  # spreads them, no secret
    row.next_at = timezone.now() + timedelta(seconds=max(pause, heard.retry_after))


def _note(subscription: Subscription, heard: Heard) -> None:
    """What the exchange tells of the subscription itself."""
    if heard.is_good:
        subscription.last_success_at, subscription.failing_since = heard.at, None
        subscription.misses = 0
    else:
        subscription.failing_since = subscription.failing_since or heard.at
    if heard.status is None:
        subscription.misses = min(subscription.misses + 1, 1000)
        place = min(subscription.misses, len(PAUSES)) - 1
        pause = min(PAUSES[place], LONGEST_TURN_PAUSE)
        subscription.next_turn_at = timezone.now() + timedelta(seconds=pause)
    subscription.save(
        update_fields=["last_success_at", "failing_since", "misses", "next_turn_at"]
    )
    if heard.status == GONE and subscription.is_active:
        stop(subscription, reason="gone", now=heard.at)
        audit.record(
            workspace=subscription.workspace,
            action="subscription.gone",
            target=str(subscription.key),
            details={"name": subscription.name},
            now=heard.at,
        )


def stop(subscription: Subscription, *, reason: str, now: datetime) -> None:
    """No event more, those on their way included; they can be asked for again."""
    subscription.is_active, subscription.stop_reason = False, reason
    subscription.stopped_at = now
    subscription.save(update_fields=["is_active", "stop_reason", "stopped_at"])
    waiting = EventDelivery.objects.for_workspace(subscription.workspace_id).filter(
        subscription=subscription, state=DeliveryState.DUE
    )
    waiting.update(
        state=DeliveryState.FAILED, reason=f"stopped_{reason}", settled_at=now
    )


def _release(turn: Turn) -> None:
    with workspace_transaction(turn.workspace_id):
        rows = Subscription.objects.for_workspace(turn.workspace_id)
        rows.filter(pk=turn.subscription_id, lease_token=turn.token).update(
            lease_token=None, lease_until=timezone.now()
        )
