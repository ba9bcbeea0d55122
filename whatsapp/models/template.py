"""A message template as the provider knows it, what became of it, and when it was asked for."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class TemplateState(models.TextChoices):
    """What may be done with it: the words of providers.base.templates.TemplateStatus."""

    DRAFT = "draft", pgettext_lazy("template", "Not submitted")
    PENDING = "pending", pgettext_lazy("template", "In review")
    APPROVED = "approved", pgettext_lazy("template", "Approved")
    REJECTED = "rejected", pgettext_lazy("template", "Rejected")
    PAUSED = "paused", pgettext_lazy("template", "Paused")
    DISABLED = "disabled", pgettext_lazy("template", "Disabled")
    DELETED = "deleted", pgettext_lazy("template", "Deleted")
    UNKNOWN = "unknown", pgettext_lazy("template", "Unknown state")


class Template(WorkspaceScoped):
    """One name in one language; the translations of a name have the name in common.

    `status` is ours (TemplateState), `provider_status` the provider's word for it, told at
    `status_at` by the provider's clock. `components` are the parts in Meta's shape, and
    `parameters` the gaps in them (providers.base.templates.Gap), which a message must fill:
    the contract, as it is since `contract_at`. What the provider no longer lists is
    `gone_at`, and is kept for the messages that were sent with it.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.CASCADE, related_name="templates"
    )
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=20)
    category = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=20)
    provider_status = models.CharField(max_length=60, blank=True)
    status_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    quality = models.CharField(max_length=20, blank=True)
    components = models.JSONField(default=list)
    parameters = models.JSONField(default=list)
    contract_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=100, blank=True)
    synced_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "integration", "name", "language"],
                name="template_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def is_usable(self) -> bool:
        return self.status == TemplateState.APPROVED and self.gone_at is None


class TemplateChangeKind(models.TextChoices):
    SUBMITTED = "submitted", pgettext_lazy("template", "Submitted")
    STATUS = "status", pgettext_lazy("template", "State")
    CATEGORY = "category", pgettext_lazy("template", "Category")
    QUALITY = "quality", pgettext_lazy("template", "Quality")
    CONTRACT = "contract", pgettext_lazy("template", "What has to be filled in")
    GONE = "gone", pgettext_lazy("template", "Gone from the provider")
    BACK = "back", pgettext_lazy("template", "Back at the provider")


class TemplateChangeSource(models.TextChoices):
    SYNC = "sync", _("Seen in the provider's list")
    WEBHOOK = "webhook", _("Told by the provider")
    PERSON = "person", _("Done in Recado")


class TemplateChange(WorkspaceScoped):
    """What became of a template, as it was told. `word` is what it is since, `before` what
    it was; `details` of a contract have the gaps `before` and `after`.

    One that `is_breaking` leaves users of the template behind: an alert stands on every
    page until somebody has settled it.
    """

    template = models.ForeignKey(
        Template,
        on_delete=models.CASCADE,
        related_name="changes",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=10, choices=TemplateChangeKind.choices)
    word = models.CharField(max_length=60, blank=True)
    before = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    source = models.CharField(max_length=10, choices=TemplateChangeSource.choices)
    actor = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    told_at = models.DateTimeField()
    noted_at = models.DateTimeField()
    is_breaking = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            # What a provider tells twice is one change.
            models.UniqueConstraint(
                fields=["template", "kind", "word", "told_at"],
                name="template_change_unique",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "told_at"],
                condition=models.Q(is_breaking=True, settled_at__isnull=True),
                name="template_change_alert",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.word} of template {self.template_id}"


class TemplateSync(WorkspaceScoped):
    """When an integration's templates are asked for next, and how the last time went.

    Whoever asks holds the lease: two at once are one. `asked_at` is when a person wanted it
    now, until it was done. `problem` is the code of the last failure, empty when it went
    well; `found` counts what the last good list had.
    """

    integration = models.ForeignKey(
        "integrations.Integration",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    next_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    found = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "integration"], name="template_sync_one_each"
            )
        ]

    def __str__(self) -> str:
        return f"templates of integration {self.integration_id}"
