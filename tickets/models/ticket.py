"""Who a ticket is for, the work item, and its history."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class Client(WorkspaceScoped):
    """`oauth_id` is the one identifier that correlates systems."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    oauth_id = models.CharField(max_length=255, null=True, blank=True, db_index=True)
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    lead = models.ForeignKey(
        "whatsapp.Lead", null=True, on_delete=models.SET_NULL, related_name="clients"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "oauth_id"], name="client_oauth_id_unique"
            )
        ]

    def __str__(self) -> str:
        return f"client {self.key}"


class TicketStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("ticket", "Open")
    WAITING = "waiting", _("Waiting")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", pgettext_lazy("ticket", "Closed")


class TicketPriority(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class Ticket(WorkspaceScoped):
    key = models.UUIDField(default=new_key, unique=True, editable=False)
    ticket_number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    status = models.CharField(
        max_length=10, choices=TicketStatus.choices, default=TicketStatus.OPEN
    )
    priority = models.CharField(
        max_length=10, choices=TicketPriority.choices, default=TicketPriority.NORMAL
    )
    client = models.ForeignKey(
        Client, null=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    conversation = models.ForeignKey(
        "whatsapp.Conversation",
        null=True,
        on_delete=models.SET_NULL,
        related_name="tickets",
    )
    assignee = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "ticket_number"], name="ticket_number_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "status", "-updated_at"], name="ticket_list"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_number}"


class TicketEvent(WorkspaceScoped):
    """One entry of a ticket's history; `external_id` makes outside events idempotent."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    actor = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_public = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    external_id = models.CharField(max_length=200, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"], name="ticket_event_external_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of ticket {self.ticket_id}"
