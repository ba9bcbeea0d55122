"""Systems that tell us what happened to tickets, and what each of them told."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class IncomingSource(WorkspaceScoped):
    """One other system. Its key stands in the address it posts to.

    What it could not prove leaves no row of its own: `refused` counts it, `last_refusal` says
    in a word why the last one was refused.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    name = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    last_received_at = models.DateTimeField(null=True)
    refused = models.PositiveIntegerField(default=0)
    last_refused_at = models.DateTimeField(null=True)
    last_refusal = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="incoming_source_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Verdict(models.TextChoices):
    """What became of an event that was proven."""

    APPLIED = "applied", pgettext_lazy("event", "Applied")
    UNCHANGED = "unchanged", pgettext_lazy("event", "Nothing to change")
    LATE = "late", pgettext_lazy("event", "Overtaken")
    IGNORED = "ignored", pgettext_lazy("event", "Not about tickets")
    REFUSED = "refused", _("Refused")


class IncomingEvent(WorkspaceScoped):
    """One event as it was told. `event_id` is empty where it was refused, so that it may come
    again; `told_id` is how it was named then too.

    `fields` are those it set on the ticket, as of `occurred_at`: what was set earlier and
    comes later does not overwrite them. `reason` and `field` say what was wrong with it.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    source = models.ForeignKey(
        IncomingSource,
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
    )
    ticket = models.ForeignKey(
        "tickets.Ticket",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
    )
    event_id = models.CharField(max_length=160, null=True)
    told_id = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=60, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=40, blank=True)
    field = models.CharField(max_length=60, blank=True)
    fields = models.JSONField(default=list)
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "event_id"], name="incoming_event_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["source", "-received_at", "-id"], name="incoming_event_log"
            ),
            models.Index(
                fields=["ticket", "occurred_at"],
                condition=models.Q(occurred_at__isnull=False),
                name="incoming_event_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.told_id}"
