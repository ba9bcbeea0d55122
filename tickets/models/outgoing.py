"""Systems that hear what happens here, and what was posted to each of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class Subscription(WorkspaceScoped):
    """Where events of the chosen types are posted to.

    `lease_token` is of the worker whose turn it is: one at a time, so that a receiver gets
    its events one after the other. `next_turn_at` is later where it gave no answer at all,
    `failing_since` since when nothing arrived. `stop_reason` is `gone` where the receiver
    asked for no more, `person` where somebody switched it off.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=40))
    with_private = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    stop_reason = models.CharField(max_length=10, blank=True)
    stopped_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    misses = models.PositiveSmallIntegerField(default=0)
    next_turn_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="subscription_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    DUE = "due", pgettext_lazy("delivery", "On its way")
    DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")
    FAILED = "failed", pgettext_lazy("delivery", "Given up")


class EventDelivery(WorkspaceScoped):
    """One event for one subscription. `event_id` stays the same however often it is posted.

    `body` is what is posted, to the byte, as it was when the event happened. `attempts` counts
    all of them, `tries` those since it was last asked for, which decide when it is given up.
    `reason` is what was wrong with the last one.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_constraint=False,
    )
    ticket = models.ForeignKey(
        "tickets.Ticket",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
    )
    event_id = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.DUE
    )
    reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    since = models.DateTimeField()  # asked for, first or again
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event_id"], name="event_delivery_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["subscription", "state", "next_at"],
                condition=models.Q(state__in=["due", "failed"]),
                name="event_delivery_open",
            ),
            models.Index(
                fields=["subscription", "-created_at", "-id"],
                name="event_delivery_log",
            ),
            models.Index(fields=["workspace", "created_at"], name="event_delivery_old"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class DeliveryAttempt(WorkspaceScoped):
    """One exchange, with the heads of what was said and heard; no secret is among them.

    `status` is empty where there was no answer, and `error` then says why.
    """

    delivery = models.ForeignKey(
        EventDelivery,
        on_delete=models.CASCADE,
        related_name="log",
        db_constraint=False,
    )
    at = models.DateTimeField()
    elapsed_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=60, blank=True)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["delivery", "id"], name="delivery_attempts")]

    def __str__(self) -> str:
        return f"attempt {self.pk} of delivery {self.delivery_id}"
