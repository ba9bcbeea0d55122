"""Systems that hear of us: added, changed, switched, tried out, and told once more."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypedDict

from django.db import IntegrityError, transaction

from accounts import audit, bulk
from accounts.models import User, Workspace
from accounts.scoping import ScopedQuerySet
from integrations.signing import Secret
from tickets import queue
from tickets.models import (
    DeliveryState,
    EventDelivery,
    SigningSecret,
    Subscription,
)
from tickets.services import delivering, outgoing, signing_secrets
from tickets.services.event_sources import NameTaken

# Of one request; a person who wants more of them asks again.
MOST_AGAIN: Final = 10_000
_FORGET: Final = (
    """
    DELETE FROM tickets_deliveryattempt attempt USING tickets_eventdelivery delivery
     WHERE delivery.id = attempt.delivery_id
       AND attempt.workspace_id = %(workspace)s AND delivery.workspace_id = %(workspace)s
       AND delivery.subscription_id = %(subscription)s
    """,
    """
    DELETE FROM tickets_eventdelivery
     WHERE workspace_id = %(workspace)s AND subscription_id = %(subscription)s
    """,
)


class Facts(TypedDict):
    name: str
    url: str
    kinds: Sequence[str]
    with_private: bool


@dataclass(frozen=True, slots=True)
class Made:
    """`secret` exists here and nowhere else in clear: show it now."""

    subscription: Subscription
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Who:
    """By whom, from where and when."""

    user: User
    now: datetime
    ip: str | None = None


def add(workspace: Workspace, facts: Facts, *, by: Who) -> Made:
    """Raises NameTaken. Where it may lead is the form's to say, and the egress guard's."""
    try:
        with transaction.atomic():
            subscription = Subscription.objects.create(
                workspace=workspace,
                name=facts["name"],
                url=facts["url"],
                kinds=list(facts["kinds"]),
                with_private=facts["with_private"],
                created_by=by.user,
                created_at=by.now,
                next_turn_at=by.now,
            )
            secret = signing_secrets.add(subscription, now=by.now)
            _note("subscription.added", subscription, by=by)
    except IntegrityError:
        raise NameTaken(facts["name"]) from None
    return Made(subscription, secret)


def edit(subscription: Subscription, facts: Facts, *, by: Who) -> None:
    """Events on their way go to the new address."""
    try:
        with transaction.atomic():
            held = _hold(subscription)
            held.name, held.url = facts["name"], facts["url"]
            held.kinds = list(facts["kinds"])
            held.with_private = facts["with_private"]
            held.misses, held.next_turn_at = 0, by.now
            held.save(
                update_fields=[
                    *("name", "url", "kinds", "with_private", "misses", "next_turn_at")
                ]
            )
            _note("subscription.changed", held, by=by)
    except IntegrityError:
        raise NameTaken(facts["name"]) from None
    queue.deliver_after_commit()


def switch(subscription: Subscription, *, is_active: bool, by: Who) -> bool:
    """Whether that changed anything. While it is off nothing is written for it."""
    with transaction.atomic():
        held = _hold(subscription)
        if held.is_active == is_active:
            if held.stop_reason == "gone":  # seen, and meant to be so
                held.stop_reason = "person"
                held.save(update_fields=["stop_reason"])
            return False
        if is_active:
            held.is_active, held.stop_reason, held.stopped_at = True, "", None
            held.misses, held.next_turn_at, held.failing_since = 0, by.now, None
            held.save()
            _note("subscription.started", held, by=by)
        else:
            delivering.stop(held, reason="person", now=by.now)
            _note("subscription.stopped", held, by=by)
    return True


def rotate(subscription: Subscription, *, overlap: timedelta, by: Who) -> Secret:
    """A new secret; both sign for `overlap`, so that the receiver may change meanwhile."""
    with transaction.atomic():
        held = _hold(subscription)
        secret = signing_secrets.rotate(held, overlap=overlap, now=by.now)
        _note("subscription.rotated", held, by=by)
    return secret


def delete(subscription: Subscription, *, by: Who) -> None:
    """With its secrets and its log."""
    with transaction.atomic():
        held = _hold(subscription)
        named = {"workspace": held.workspace_id, "subscription": held.pk}
        for statement in _FORGET:
            bulk.run(statement, named)
        secrets = SigningSecret.objects.for_workspace(held.workspace_id)
        secrets.filter(subscription=held).delete()
        _note("subscription.deleted", held, by=by)
        held.delete()


def test(subscription: Subscription, *, by: Who) -> EventDelivery:
    """An event that means nothing, on its way now."""
    with transaction.atomic():
        held = _hold(subscription)
        _let_go_on(held, now=by.now)
        delivery = outgoing.tell_test(held, now=by.now)
        _note("subscription.tested", held, by=by)
    return delivery


def deliver_again(
    subscription: Subscription, keys: Collection[uuid.UUID], *, by: Who
) -> int:
    """Those of the keys, delivered ones too; how many go once more under the same id."""
    rows = _deliveries(subscription).filter(key__in=list(keys)[:MOST_AGAIN])
    return _again(subscription, rows, by=by)


def deliver_failed_again(
    subscription: Subscription, *, since: datetime, by: Who
) -> int:
    """All that were given up since then, the oldest first where there are too many."""
    rows = _deliveries(subscription).filter(
        state=DeliveryState.FAILED, created_at__gte=since
    )
    chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_AGAIN])
    return _again(subscription, _deliveries(subscription).filter(pk__in=chosen), by=by)


def _again(
    subscription: Subscription, rows: ScopedQuerySet[EventDelivery], *, by: Who
) -> int:
    with transaction.atomic():
        held = _hold(subscription)
        if not held.is_active:
            return 0
        _let_go_on(held, now=by.now)
        count = rows.exclude(state=DeliveryState.DUE).update(
            state=DeliveryState.DUE,
            tries=0,
            next_at=by.now,
            since=by.now,
            settled_at=None,
        )
        # What waits for its next attempt has it now.
        count += rows.filter(state=DeliveryState.DUE, next_at__gt=by.now).update(
            next_at=by.now
        )
        if count:
            _note("subscription.repeated", held, by=by, count=count)
            queue.deliver_after_commit()
    return count


def _let_go_on(subscription: Subscription, *, now: datetime) -> None:
    """A person asks: the pause of a receiver that gave no answer is over."""
    subscription.next_turn_at = now
    subscription.save(update_fields=["next_turn_at"])


def _deliveries(subscription: Subscription) -> ScopedQuerySet[EventDelivery]:
    rows: ScopedQuerySet[EventDelivery] = EventDelivery.objects.for_workspace(
        subscription.workspace_id
    ).filter(subscription=subscription)
    return rows


def _hold(subscription: Subscription) -> Subscription:
    rows = Subscription.objects.for_workspace(subscription.workspace_id)
    held: Subscription = rows.select_for_update().get(pk=subscription.pk)
    return held


def _note(
    action: str, subscription: Subscription, *, by: Who, count: int | None = None
) -> None:
    details: dict[str, object] = {"name": subscription.name}
    if count is not None:
        details["count"] = count
    audit.record(
        workspace=subscription.workspace,
        action=action,
        actor=by.user,
        target=str(subscription.key),
        details=details,
        ip=by.ip,
        now=by.now,
    )
