"""What clients are told about their tickets, by which rule, and whether it reached them."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class NotificationRule(WorkspaceScoped):
    event = models.CharField(max_length=40)
    audience = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    channel = models.ForeignKey(
        "integrations.Channel", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    template = models.ForeignKey(
        "whatsapp.Template", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "event", "audience", "language"],
                name="notification_rule_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.audience}"


class Notification(WorkspaceScoped):
    """`message` when it was sent, `reason` when it could not be."""

    ticket_event = models.ForeignKey(
        "tickets.TicketEvent", on_delete=models.CASCADE, related_name="notifications"
    )
    rule = models.ForeignKey(
        NotificationRule, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    recipient = models.ForeignKey(
        "tickets.Client", on_delete=models.CASCADE, related_name="notifications"
    )
    message = models.ForeignKey(
        "whatsapp.Message", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    path = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket_event", "rule", "recipient"], name="notification_unique"
            )
        ]

    def __str__(self) -> str:
        return f"notification {self.pk} of {self.ticket_event_id}"
