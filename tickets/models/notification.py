"""What people are told about tickets: by which rule, by which way, and why not."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class Audience(models.TextChoices):
    """Whom a rule tells. Members hear by e-mail: their numbers are nobody's business here."""

    CLIENT = "client", _("Client")
    ASSIGNEE = "assignee", _("Assignee")


class NotificationPath(models.TextChoices):
    """By which way somebody is told. What is `held` waits for the end of the quiet hours;
    what is `skipped` would have said again what they know, or what is not so any more."""

    HELD = "held", pgettext_lazy("notification", "Waiting")
    FREE_TEXT = "free_text", pgettext_lazy("notification", "WhatsApp text")
    TEMPLATE = "template", pgettext_lazy("notification", "WhatsApp template")
    EMAIL = "email", _("E-mail")
    NOBODY = "nobody", pgettext_lazy("notification", "Not reached")
    SKIPPED = "skipped", pgettext_lazy("notification", "Not needed")


class NotificationSettings(WorkspaceScoped):
    """How a workspace tells. One without this row has the usual ways.

    Between `quiet_from` and `quiet_until`, minutes of the day in the workspace's time zone,
    nobody is written to unasked; what is urgent may be exempt. `channel` is the number that
    writes to whom none of ours has a conversation with. What somebody was told last about a
    ticket is not told again within `repeat_minutes`.
    """

    is_quiet = models.BooleanField(default=False)
    quiet_from = models.PositiveSmallIntegerField(default=21 * 60)
    quiet_until = models.PositiveSmallIntegerField(default=8 * 60)
    urgent_is_exempt = models.BooleanField(default=True)
    sends_email = models.BooleanField(default=True)
    repeat_minutes = models.PositiveSmallIntegerField(default=60)
    channel = models.ForeignKey(
        "integrations.Channel",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], name="notification_settings_one_each"
            )
        ]

    def __str__(self) -> str:
        return f"notification settings of workspace {self.workspace_id}"


class NotificationRule(WorkspaceScoped):
    """One line of the table: on this event, tell these people so, in this language.

    `text` is what is written freely while the window is open, and the e-mail where that has
    no words of its own. `template_values` fill the template's gaps: by part (header, body,
    buttons) a list of texts in the order of the gaps. Texts hold variables
    (tickets.notification_texts).
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    event = models.CharField(max_length=40)
    audience = models.CharField(
        max_length=20, choices=Audience.choices, default=Audience.CLIENT
    )
    language = models.CharField(max_length=10)
    channel = models.ForeignKey(
        "integrations.Channel", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    template = models.ForeignKey(
        "whatsapp.Template", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    template_values = models.JSONField(default=dict)
    text = models.TextField(blank=True)
    email_subject = models.CharField(max_length=200, blank=True)
    email_body = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

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
    """One telling of one person; `business_key` makes it happen once.

    `reason` is why it went no better way: of a template why no free text, of an e-mail why
    not by WhatsApp, of nobody and of skipped why not at all. `message` or an e-mail row
    carries it, whose state is its own (selectors.notifications). `state_key` is what of the
    ticket it tells, by which repetitions are known. `actor` told by hand.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="notifications",
        db_constraint=False,
        db_index=False,
    )
    ticket_event = models.ForeignKey(
        "tickets.TicketEvent", on_delete=models.CASCADE, related_name="notifications"
    )
    rule = models.ForeignKey(
        NotificationRule, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    recipient = models.ForeignKey(
        "tickets.Client",
        null=True,
        on_delete=models.CASCADE,
        related_name="notifications",
    )
    member = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    event = models.CharField(max_length=40)
    audience = models.CharField(
        max_length=20, choices=Audience.choices, default=Audience.CLIENT
    )
    language = models.CharField(max_length=10)
    business_key = models.CharField(max_length=200)
    state_key = models.CharField(max_length=100)
    message = models.ForeignKey(
        "whatsapp.Message", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    template = models.CharField(max_length=512, blank=True)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=20, choices=NotificationPath.choices)
    reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "business_key"],
                name="notification_business_key_unique",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "ticket", "-id"], name="notification_of_ticket"
            ),
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="notification_recent"
            ),
            models.Index(
                fields=["due_at", "workspace"],
                condition=Q(path="held"),
                name="notification_held",
            ),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk} of {self.ticket_event_id}"


class EmailState(models.TextChoices):
    DUE = "due", _("Queued")
    CLAIMED = "claimed", _("Queued")
    SUBMITTING = "submitting", _("Sending")
    SENT = "sent", pgettext_lazy("delivery status", "Sent")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Unconfirmed")


class NotificationEmail(WorkspaceScoped):
    """The promise to send one e-mail, kept in the transaction of its notification.

    As in the outbox: `submitting` is committed before anything leaves, and what was being
    sent when a worker died is `uncertain` and never sent again by itself. `next_at` is when
    it is due, or until when the worker that holds it has time.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    notification = models.ForeignKey(
        Notification,
        on_delete=models.CASCADE,
        related_name="emails",
        db_constraint=False,
    )
    to_address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=250)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=EmailState.choices, default=EmailState.DUE
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    reason = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "notification"], name="notification_email_one_each"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=["due", "claimed", "submitting"]),
                name="notification_email_queue",
            )
        ]

    def __str__(self) -> str:
        return f"e-mail of notification {self.notification_id}"
