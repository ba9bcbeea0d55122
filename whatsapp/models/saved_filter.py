"""Questions to a list that a member asks again and again, kept under names."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class FilterPlace(models.TextChoices):
    CONVERSATIONS = "conversations", _("Conversations")
    LEADS = "leads", _("Leads")
    TICKETS = "tickets", _("Tickets")


class SavedFilter(WorkspaceScoped):
    """`query` is the query string of the list's address, as `selectors.filters.canonical`
    writes it. It belongs to the membership and goes with it."""

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    member = models.ForeignKey(
        "accounts.Membership",
        on_delete=models.CASCADE,
        related_name="+",
    )
    place = models.CharField(max_length=15, choices=FilterPlace.choices)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                "member",
                "place",
                Lower("name"),
                name="saved_filter_name_unique",
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(query=""),
                name="saved_filter_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"saved filter {self.key} of {self.place}"
