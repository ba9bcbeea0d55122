"""Who asked not to be written to: a ledger, to which every change is appended."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import WorkspaceScoped


class OptOutScope(models.TextChoices):
    MARKETING = "marketing", _("Marketing")
    ALL = "all", _("Everything we send unasked")


class OptOutSource(models.TextChoices):
    WORD = "word", _("They wrote it")
    PROVIDER = "provider", _("They told WhatsApp")
    MEMBER = "member", _("Your team noted it")


class OptOut(WorkspaceScoped):
    """The newest row about a person on a number counts; `is_out` false takes it back.

    Without a channel it is about every number of the workspace. Answers inside the open
    window are never held back: the person is talking to us. `source` is who says so: a
    word of the person, their provider, a member; `reason` is what a member noted.
    """

    channel = models.ForeignKey(
        "integrations.Channel",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    peer_key = models.CharField(max_length=140)
    scope = models.CharField(max_length=10, choices=OptOutScope.choices)
    is_out = models.BooleanField(default=True)
    source = models.CharField(max_length=40)
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    told_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "peer_key", "-id"], name="opt_out_person")
        ]

    def __str__(self) -> str:
        return f"opt-out {self.pk} {self.scope}"
