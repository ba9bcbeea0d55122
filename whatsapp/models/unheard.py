"""Chats in which nothing of the person reached us, once somebody has looked at them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceScoped


class UnheardVerdict(models.TextChoices):
    HANDLED = "handled", _("Somebody called or wrote to them")
    OURS = "ours", _("We wrote first")


class UnheardChat(WorkspaceScoped):
    """Such a chat is found, not stored; what is stored is that it needs nobody any more."""

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    peer_key = models.CharField(max_length=140)
    verdict = models.CharField(max_length=10, choices=UnheardVerdict.choices)
    decided_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "peer_key"], name="unheard_chat_unique"
            )
        ]

    def __str__(self) -> str:
        return f"chat of channel {self.channel_id} that is {self.verdict}"
