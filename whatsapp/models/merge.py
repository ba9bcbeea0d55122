"""Two leads that turned out to be one person, or looked like it: what was decided, and how to
take it back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class LeadMerge(WorkspaceScoped):
    """`gone` went into `stays`; marked as undone, never deleted.

    `moved` has the ids of the rows that changed hands, `threads` the conversations that were
    closed beside an open one, and `changes` each field that became another, before and after: where an earlier merge into
    the same lead is undone first, what would have been before without it.
    No `actor`: the corridor joined them, and `evidence` says why.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    gone = models.ForeignKey(
        "whatsapp.Lead",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    stays = models.ForeignKey(
        "whatsapp.Lead",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reason = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=list)
    moved = models.JSONField(default=dict)
    threads = models.JSONField(default=list)
    changes = models.JSONField(default=dict)
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    undo_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "gone"],
                condition=models.Q(undone_at__isnull=True),
                name="lead_merge_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(gone=models.F("stays")),
                name="lead_merge_of_two",
            ),
        ]
        indexes = [
            models.Index(fields=["stays", "-merged_at"], name="lead_merge_stays"),
            models.Index(fields=["gone", "-merged_at"], name="lead_merge_gone"),
        ]

    def __str__(self) -> str:
        return f"merge {self.key} of lead {self.gone_id} into {self.stays_id}"


class PairVerdict(models.TextChoices):
    SUSPECTED = "suspected", _("Perhaps the same person")
    DISTINCT = "distinct", _("Not the same person")


class LeadPair(WorkspaceScoped):
    """What is known about two leads that are not one: a suspicion, or that somebody said no.

    The older row comes first, so that a pair has one row. `distinct` also keeps the corridor
    from joining them.
    """

    first = models.ForeignKey(
        "whatsapp.Lead",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    second = models.ForeignKey(
        "whatsapp.Lead",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    verdict = models.CharField(max_length=10, choices=PairVerdict.choices)
    evidence = models.JSONField(default=list)
    actor = models.ForeignKey(
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
                fields=["workspace", "first", "second"], name="lead_pair_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")),
                name="lead_pair_ordered",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "second"], name="lead_pair_back")]

    def __str__(self) -> str:
        return f"{self.verdict}: leads {self.first_id} and {self.second_id}"
