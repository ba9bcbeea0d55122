"""A text that a workspace sends again and again, kept under a short name."""

from django.db import models
from django.db.models.functions import Lower

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class CannedReply(WorkspaceScoped):
    """`text` may hold gaps such as `{first_name}`; see `whatsapp.gaps`."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    name = models.CharField(max_length=40)
    text = models.TextField(max_length=4096)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace", Lower("name"), name="canned_reply_name_unique"
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(text=""),
                name="canned_reply_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"canned reply {self.key}"
