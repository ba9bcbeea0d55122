"""One item in a conversation, and every status we were told about it."""

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceScoped


class MessageDirection(models.TextChoices):
    INBOUND = "inbound", _("Received")
    OUTBOUND = "outbound", _("Sent")


# The origin of what Recado answers by itself, beside those of providers.base.types.
AUTOMATIC = "automatic"


class Message(WorkspaceScoped):
    """A message, an edit, a reaction …: everything is appended, nothing rewritten.

    `origin` is how it came to us, or AUTOMATIC for what nobody of the team wrote.
    `peer_key` is the match key of the person. An echo or a history message whose person
    is no lead yet has no conversation; it joins one when that person writes.
    `raw_webhook_id` names the stored request; it is no foreign key, because raw webhooks
    belong to a higher room and are pruned on schedule.
    """

    conversation = models.ForeignKey(
        "whatsapp.Conversation",
        null=True,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
    )
    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
    )
    direction = models.CharField(max_length=10, choices=MessageDirection.choices)
    origin = models.CharField(max_length=10, default="live")
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    search_text = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    content = models.JSONField(default=dict)
    peer_key = models.CharField(max_length=140, blank=True)
    external_id = models.CharField(max_length=200, null=True, blank=True)
    second_id = models.CharField(max_length=200, null=True, blank=True)
    target_id = models.CharField(max_length=200, null=True, blank=True)
    provider_at = models.DateTimeField()
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField()
    status = models.CharField(max_length=15, blank=True)
    status_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    callback_token = models.CharField(max_length=64, null=True, blank=True)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    author = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    raw_webhook_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="message_external_id_unique",
            ),
            models.UniqueConstraint(
                fields=["workspace", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="message_idempotency_key_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["conversation", "-provider_at", "-id"], name="message_thread"
            ),
            models.Index(
                fields=["channel", "peer_key"],
                condition=models.Q(conversation__isnull=True),
                name="message_without_conversation",
            ),
            # What we sent from a phone to people of whom nothing came in.
            models.Index(
                fields=["workspace", "-stored_at"],
                condition=models.Q(conversation__isnull=True, origin="echo"),
                name="message_echo_unheard",
            ),
            models.Index(
                fields=["channel", "callback_token"],
                condition=models.Q(callback_token__isnull=False),
                name="message_callback_token",
            ),
            # Some providers tell a status under their second id of a message.
            models.Index(
                fields=["channel", "second_id"],
                condition=models.Q(second_id__isnull=False),
                name="message_second_id",
            ),
            # Edits, withdrawals and reactions of a thread: few rows among many.
            models.Index(
                fields=["conversation", "target_id"],
                condition=models.Q(kind__in=["edit", "revoke", "reaction"]),
                name="message_change",
            ),
            GinIndex(fields=["search"], name="message_search"),
            # What was received and sent in a period: counted by the index alone.
            models.Index(
                fields=["workspace", "direction", "provider_at"], name="message_moment"
            ),
            # For figures of a day; costs an insert next to nothing.
            BrinIndex(fields=["stored_at"], name="message_stored"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kind} {self.pk}"


class StatusEvent(WorkspaceScoped):
    """One status as told. The shown status is a function of all of them."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="status_events", db_index=False
    )
    status = models.CharField(max_length=10)
    provider_at = models.DateTimeField()
    received_at = models.DateTimeField()
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "status", "provider_at"], name="status_event_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} of message {self.message_id}"


class WaitingStatus(WorkspaceScoped):
    """A status whose message we do not have yet: it joins when the message appears."""

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    external_id = models.CharField(max_length=200)
    second_id = models.CharField(max_length=200, null=True, blank=True)
    callback_token = models.CharField(max_length=64, null=True, blank=True)
    # Whom the message went to, where the status says so.
    peer_key = models.CharField(max_length=140, blank=True, default="", db_default="")
    status = models.CharField(max_length=10)
    provider_at = models.DateTimeField()
    received_at = models.DateTimeField()
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=500, blank=True)
    raw_webhook_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id", "status", "provider_at"],
                name="waiting_status_unique",
            )
        ]
        indexes = [
            models.Index(
                fields=["channel", "callback_token"],
                condition=models.Q(callback_token__isnull=False),
                name="waiting_status_callback",
            ),
            models.Index(
                fields=["channel", "second_id"],
                condition=models.Q(second_id__isnull=False),
                name="waiting_status_second_id",
            ),
            # Receipts of messages we never saw, with the person they are about.
            models.Index(
                fields=["workspace", "-received_at"],
                condition=~models.Q(peer_key=""),
                name="waiting_status_unheard",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} waiting for {self.external_id}"
