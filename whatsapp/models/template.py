"""A message template as the provider knows it."""

from django.db import models

from accounts.scoping import WorkspaceScoped


class Template(WorkspaceScoped):
    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.CASCADE, related_name="templates"
    )
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=20)
    category = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=300, blank=True)
    parameters = models.JSONField(default=list)
    body = models.JSONField(default=dict)
    external_id = models.CharField(max_length=100, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "integration", "name", "language"],
                name="template_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
