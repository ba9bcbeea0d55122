"""Systems that hear of us, and what was posted to them, as pages show it."""

import dataclasses
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import ScopedQuerySet
from tickets.models import (
    DeliveryAttempt,
    DeliveryState,
    EventDelivery,
    Subscription,
)

PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 1000  # a page then says that there are more
MOST_ATTEMPTS: Final = 50  # shown of one delivery, the newest


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Empty means: all. `before` is the first moment that is too late."""

    state: str = ""
    kind: str = ""
    since: datetime | None = None
    before: datetime | None = None

    @property
    def names(self) -> list[str]:
        return [one.name for one in dataclasses.fields(self) if getattr(self, one.name)]


EVERY: Final = DeliveryFilter()


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription, and how many of its events wait and were given up."""

    subscription: Subscription
    waiting: int
    given_up: int


def list_subscriptions(workspace: Workspace) -> Sequence[Standing]:
    rows = Subscription.objects.for_workspace(workspace).order_by("name", "pk")
    open_ones = EventDelivery.objects.for_workspace(workspace).filter(
        state__in=[DeliveryState.DUE, DeliveryState.FAILED]
    )
    counted = open_ones.values_list("subscription_id", "state").annotate(Count("pk"))
    counts = {(which, state): count for which, state, count in counted.order_by()}
    return [
        Standing(
            one,
            waiting=counts.get((one.pk, DeliveryState.DUE), 0),
            given_up=counts.get((one.pk, DeliveryState.FAILED), 0),
        )
        for one in rows
    ]


def find_subscription(workspace: Workspace, *, key: uuid.UUID) -> Subscription | None:
    rows = Subscription.objects.for_workspace(workspace)
    found: Subscription | None = (
        rows.select_related("workspace", "created_by").filter(key=key).first()
    )
    return found


def list_gone(workspace_id: int) -> Sequence[Subscription]:
    """Switched off because their receivers asked for it, and nobody has seen to it yet."""
    rows = Subscription.objects.for_workspace(workspace_id)
    return list(
        rows.filter(is_active=False, stop_reason="gone").order_by("-stopped_at")
    )


def count_states(subscription: Subscription) -> dict[str, int]:
    """Its deliveries by state; counting stops at MOST_COUNTED."""
    rows = _of(subscription)
    return {
        state: rows.filter(state=state)[:MOST_COUNTED].count()
        for state in DeliveryState.values
    }


def list_deliveries(
    subscription: Subscription,
    filters: DeliveryFilter = EVERY,
    *,
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[EventDelivery]:
    """The newest first. A page begins where the one before it ended."""
    rows = _of(subscription)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.since is not None:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.before is not None:
        rows = rows.filter(created_at__lt=filters.before)
    position = paging.read(before)
    if position is not None and position.key is not None:
        last = _of(subscription).filter(key=position.key)
        last_id = last.values_list("pk", flat=True).first()
        rows = rows.filter(created_at__lte=position.at)
        if last_id is not None:
            rows = rows.exclude(created_at=position.at, pk__gte=last_id)
    shown = rows.defer("body").select_related("ticket").order_by("-created_at", "-pk")
    found = tuple(shown[: size + 1])
    if len(found) <= size:
        return Page(found, None)
    end = found[size - 1]
    return Page(found[:size], paging.write(end.created_at, end.key))


def find_delivery(workspace: Workspace, *, key: uuid.UUID) -> EventDelivery | None:
    rows = EventDelivery.objects.for_workspace(workspace)
    found: EventDelivery | None = (
        rows.select_related("subscription__workspace", "ticket").filter(key=key).first()
    )
    return found


def list_attempts(delivery: EventDelivery) -> Sequence[DeliveryAttempt]:
    rows = DeliveryAttempt.objects.for_workspace(delivery.workspace_id)
    return list(rows.filter(delivery=delivery).order_by("-pk")[:MOST_ATTEMPTS])


def _of(subscription: Subscription) -> ScopedQuerySet[EventDelivery]:
    rows: ScopedQuerySet[EventDelivery] = EventDelivery.objects.for_workspace(
        subscription.workspace_id
    ).filter(subscription=subscription)
    return rows
