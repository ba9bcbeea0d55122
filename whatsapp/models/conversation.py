"""The thread of a lead on one of our numbers."""

from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class ConversationState(models.TextChoices):
    OPEN = "open", pgettext_lazy("conversation", "Open")
    CLOSED = "closed", pgettext_lazy("conversation", "Closed")


class Conversation(WorkspaceScoped):
    """`last_inbound_at` is provider time: it opens the 24-hour service window.

    `first_inbound_at` is when the person first wrote in it, `answered_at` when somebody of
    the team first wrote back after that; what services/first_answers.py counts as either.
    `attended_at` is when a person of the team last showed that they are at it: by taking it,
    or by beginning to write. While that is fresh nothing is answered automatically.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="conversations",
        db_index=False,
    )
    lead = models.ForeignKey(
        "whatsapp.Lead", on_delete=models.CASCADE, related_name="conversations"
    )
    state = models.CharField(
        max_length=10,
        choices=ConversationState.choices,
        default=ConversationState.OPEN,
    )
    assignee = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True)
    first_inbound_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    attended_at = models.DateTimeField(null=True)
    last_direction = models.CharField(max_length=10, blank=True)
    preview = models.CharField(max_length=160, blank=True)
    message_count = models.PositiveIntegerField(default=0)
    unread_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "lead"],
                condition=models.Q(state="open"),
                name="conversation_one_open",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "state", "-last_message_at", "-id"],
                name="conversation_list",
            ),
            # "Mine" and "unassigned", in the order of the list.
            models.Index(
                fields=["workspace", "assignee", "-last_message_at", "-id"],
                condition=models.Q(state="open"),
                name="conversation_assigned",
            ),
            # Those in which nothing of the person came in: selectors/unheard.
            models.Index(
                fields=["workspace", "-last_message_at"],
                condition=models.Q(last_inbound_at__isnull=True),
                name="conversation_unheard",
            ),
            # How long people waited for the first answer: counted by the index alone.
            models.Index(
                fields=["workspace", "first_inbound_at"],
                include=["answered_at"],
                condition=models.Q(first_inbound_at__isnull=False),
                name="conversation_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.key}"
