"""What a number answers by itself, and the words by which people ask for silence."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class Responder(WorkspaceScoped):
    """Of a number: when its team is there, and what is answered when it is not.

    `week` are the spans of each day in minutes, by the number of the day (whatsapp.hours).
    `place` is whose holidays are kept: "BR", or "BR-SP" with those of a state. `closed_days`
    and `open_days` are the team's own (whatsapp.closed_days); `texts` are by occasion and
    language (whatsapp.auto_texts).

    An episode of a person ends when one of the team answers, or after `quiet_hours` without
    a message. Nobody is answered automatically within `attended_minutes` of a person of the
    team having been at it, nor a message that is older than `fresh_minutes`.
    """

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    answers_closed = models.BooleanField(default=False)
    greets = models.BooleanField(default=False)
    week = models.JSONField(default=dict)
    place = models.CharField(max_length=10, blank=True)
    with_optional = models.BooleanField(default=False)
    closed_days = models.JSONField(default=list)
    open_days = models.JSONField(default=list)
    texts = models.JSONField(default=dict)
    quiet_hours = models.PositiveSmallIntegerField(default=12)
    attended_minutes = models.PositiveSmallIntegerField(default=15)
    fresh_minutes = models.PositiveSmallIntegerField(default=15)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"], name="responder_one_each"
            )
        ]

    def __str__(self) -> str:
        return f"responder of channel {self.channel_id}"


class OptOutWords(WorkspaceScoped):
    """By which words people stop and start hearing from a workspace, and what they are told.

    A workspace without this row has the usual words. `texts` are by occasion and language.
    """

    is_on = models.BooleanField(default=True)
    confirms = models.BooleanField(default=True)
    stop_words = models.JSONField(default=list)
    start_words = models.JSONField(default=list)
    texts = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="opt_out_words_one_each")
        ]

    def __str__(self) -> str:
        return f"opt-out words of workspace {self.workspace_id}"
