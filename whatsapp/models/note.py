"""What members write down about a lead for each other; the lead never sees it."""

from django.db import models

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class LeadNote(WorkspaceScoped):
    """`key` is made with the form, so that a form sent twice is one note."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    lead = models.ForeignKey(
        "whatsapp.Lead", on_delete=models.CASCADE, related_name="notes", db_index=False
    )
    author = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    text = models.TextField(max_length=4000)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["lead", "-created_at", "-id"], name="lead_note_recent")
        ]

    def __str__(self) -> str:
        return f"note {self.key} on lead {self.lead_id}"
