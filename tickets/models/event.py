"""A ticket's history: what was done to it, said in it and told to its client."""

from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped

# What a client may know of a change; who works on a ticket, and how urgently, is the team's.
PUBLIC_FIELDS = ("status", "title")


class EventKind(models.TextChoices):
    CREATED = "created", pgettext_lazy("ticket event", "Created")
    UPDATED = "updated", pgettext_lazy("ticket event", "Changed")
    ASSIGNED = "assigned", pgettext_lazy("ticket event", "Assigned")
    WAITING = "waiting", pgettext_lazy("ticket event", "Waiting for the client")
    RESOLVED = "resolved", pgettext_lazy("ticket event", "Resolved")
    CLOSED = "closed", pgettext_lazy("ticket event", "Closed")
    REOPENED = "reopened", pgettext_lazy("ticket event", "Reopened")
    COMMENTED = "commented", pgettext_lazy("ticket event", "Comment")
    REPLIED = "replied", pgettext_lazy("ticket event", "Client's answer")


class EventSource(models.TextChoices):
    """By which door it came in."""

    PAGE = "page", pgettext_lazy("ticket event", "A person")
    CLIENT = "client", pgettext_lazy("ticket event", "The client's page")
    WHATSAPP = "whatsapp", "WhatsApp"
    SYSTEM = "system", pgettext_lazy("ticket event", "Another system")


class TicketEvent(WorkspaceScoped):
    """One entry. `details` holds `{field: [before, after]}` of what changed; of a public one
    a client is shown PUBLIC_FIELDS.

    Who did it is a member (`actor`), the client, or a system (`external_id` then makes
    its event happen once).
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(max_length=40, choices=EventKind.choices)
    source = models.CharField(
        max_length=10, choices=EventSource.choices, default=EventSource.PAGE
    )
    actor = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    message = models.ForeignKey(
        "whatsapp.Message",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
    )
    is_public = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    external_id = models.CharField(max_length=200, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"], name="ticket_event_external_unique"
            ),
            models.UniqueConstraint(
                fields=["workspace", "ticket", "message"],
                name="ticket_event_message_unique",
            ),
        ]
        indexes = [models.Index(fields=["ticket", "id"], name="ticket_event_history")]

    def __str__(self) -> str:
        return f"{self.kind} of ticket {self.ticket_id}"
