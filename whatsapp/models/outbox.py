"""The promise to send one message, kept in the transaction that made it."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class OutboxState(models.TextChoices):
    DUE = "due", _("Queued")
    CLAIMED = "claimed", _("Waiting its turn")
    SUBMITTING = "submitting", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Unconfirmed")
    DROPPED = "dropped", _("Dropped")


class Shown(models.TextChoices):
    """What people are told of a send: what we did, then what the provider said."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    SENT = "sent", pgettext_lazy("delivery status", "Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    UNCONFIRMED = "unconfirmed", _("Unconfirmed")
    DROPPED = "dropped", _("Dropped")


# `delivery` is of a send that the provider has; what waits there is accepted by it.
_SHOWN = Case(
    When(state__in=["due", "claimed"], then=Value("queued")),
    When(state="submitting", then=Value("sending")),
    When(state="uncertain", then=Value("unconfirmed")),
    When(~Q(state="accepted"), then=F("state")),
    When(delivery="played", then=Value("read")),
    When(delivery__in=["sent", "delivered", "read", "failed"], then=F("delivery")),
    default=Value("accepted"),
)
_TEMPLATE = Case(
    When(
        payload__content__type="template",
        then=Coalesce(Left(KT("payload__content__name"), 512), Value("")),
    ),
    default=Value(""),
)


class OutboxEntry(WorkspaceScoped):
    """`next_at` is when it is due, or until when the worker that holds it has time.

    `peer_key` and `channel` name the queue it stands in: one at a time goes to a person.
    `payload` is what is sent (providers.base.outgoing_json): the recipient's ids are in it
    exactly as they were told, because a reply goes to those.
    `reason` is a word of ours or the provider's code, `detail` what the provider said.
    `resolution` is how an unknown outcome became known: by a status, a look-up, a person.
    `delivery` is the highest status that the provider told, as on the message; what it says
    of a failure is in `reason` and `detail` too. `shown` sums all of it up for lists.
    `request_digest` is of what another system asked for under its key, so that the key
    cannot come to mean something else.
    """

    key = models.UUIDField(
        default=new_key, db_default=RandomUUID(), unique=True, editable=False
    )
    message = models.OneToOneField(
        "whatsapp.Message", on_delete=models.CASCADE, related_name="outbox_entry"
    )
    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    peer_key = models.CharField(max_length=140)
    payload = models.JSONField(default=dict)
    business_key = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=OutboxState.choices, default=OutboxState.DUE
    )
    is_bulk = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    callback_token = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    resolution = models.CharField(max_length=20, blank=True)
    delivery = models.CharField(max_length=10, blank=True, default="", db_default="")
    request_digest = models.CharField(
        max_length=64, blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    looked_up_at = models.DateTimeField(null=True)
    shown = models.GeneratedField(
        expression=_SHOWN, output_field=models.CharField(max_length=11), db_persist=True
    )
    template = models.GeneratedField(
        expression=_TEMPLATE,
        output_field=models.CharField(max_length=512),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "business_key"], name="outbox_business_key_unique"
            )
        ]
        indexes = [
            # What a claim takes, a number's queue at a time.
            models.Index(
                fields=["channel", "is_bulk", "next_at", "id"],
                condition=models.Q(state="due"),
                name="outbox_due",
            ),
            # Who is before whom in the queue of one person.
            models.Index(
                fields=["channel", "peer_key", "id"],
                condition=models.Q(state__in=["due", "claimed", "submitting"]),
                name="outbox_queue",
            ),
            # Leases that end, and outcomes to ask for.
            models.Index(
                fields=["state", "next_at"],
                condition=models.Q(state__in=["claimed", "submitting", "uncertain"]),
                name="outbox_leased",
            ),
            models.Index(
                fields=["channel", "peer_key", "submitted_at"],
                condition=models.Q(submitted_at__isnull=False),
                name="outbox_pair",
            ),
            # The list of sends and its counts by hour, which need nothing but the index.
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                include=["shown", "channel"],
                name="outbox_recent",
            ),
            models.Index(
                fields=["workspace", "shown", "-created_at", "-id"], name="outbox_shown"
            ),
            models.Index(
                fields=["workspace", "reason", "-created_at", "-id"],
                include=["shown"],
                condition=~models.Q(reason=""),
                name="outbox_reason",
            ),
            models.Index(
                fields=["workspace", "template", "-created_at", "-id"],
                include=["shown"],
                condition=~models.Q(template=""),
                name="outbox_template",
            ),
            models.Index(
                fields=["workspace", "peer_key", "-created_at", "-id"],
                name="outbox_person",
            ),
        ]

    def __str__(self) -> str:
        return f"outbox entry {self.pk} {self.state}"
