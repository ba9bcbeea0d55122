"""The work item that follows a conversation, and the numbers of a workspace's tickets."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped
from tickets.models.client import Client


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


class TicketCounter(WorkspaceScoped):
    """The last number given. Taken in the transaction of the ticket, so none is missing."""

    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="ticket_counter_unique")
        ]

    def __str__(self) -> str:
        return f"{self.last_number} tickets"


class Ticket(WorkspaceScoped):
    """`external_id` names it in another ticket system, `external_url` leads there.

    `version` counts its changes, so that a page can tell that it shows an older one.
    `status_at` is when it came to stand as it does. `page_version` goes up when the links to
    the client's page are withdrawn: those with a lesser one lead nowhere.
    """

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
    external_id = models.CharField(max_length=200, null=True, blank=True)
    external_url = models.URLField(max_length=500, blank=True)
    search_text = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    version = models.PositiveIntegerField(default=1)
    page_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    status_at = models.DateTimeField()
    first_response_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "ticket_number"], name="ticket_number_unique"
            ),
            models.UniqueConstraint(
                fields=["workspace", "external_id"], name="ticket_external_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "status", "-updated_at", "-id"], name="ticket_list"
            ),
            models.Index(
                fields=["workspace", "-updated_at", "-id"],
                condition=models.Q(status__in=["open", "waiting"]),
                name="ticket_live",
            ),
            models.Index(
                fields=["workspace", "assignee", "-updated_at"],
                condition=models.Q(status__in=["open", "waiting"]),
                name="ticket_held",
            ),
            # All of them in the order of the list.
            models.Index(
                fields=["workspace", "-updated_at", "-id"], name="ticket_recent"
            ),
            models.Index(fields=["workspace", "created_at"], name="ticket_created"),
            # What the home page counts needs nothing but these.
            models.Index(
                fields=["workspace", "status", "created_at"], name="ticket_age"
            ),
            models.Index(
                fields=["workspace", "first_response_at"],
                include=["created_at"],
                condition=models.Q(first_response_at__isnull=False),
                name="ticket_answered",
            ),
            models.Index(
                fields=["workspace", "resolved_at"],
                include=["created_at"],
                condition=models.Q(resolved_at__isnull=False),
                name="ticket_resolved",
            ),
            GinIndex(fields=["search"], name="ticket_search"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_number}"
