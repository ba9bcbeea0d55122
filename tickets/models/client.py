"""Who a ticket is for."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class Client(WorkspaceScoped):
    """`oauth_id` is the one identifier that correlates systems.

    `match_key` is what a phone is compared by (whatsapp.phones), `lead` whom it belongs to.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    oauth_id = models.CharField(max_length=255, null=True, blank=True, db_index=True)
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, blank=True)
    match_key = models.CharField(max_length=140, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    language = models.CharField(max_length=10, blank=True)
    lead = models.ForeignKey(
        "whatsapp.Lead", null=True, on_delete=models.SET_NULL, related_name="clients"
    )
    search_text = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "oauth_id"], name="client_oauth_id_unique"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="client_list"),
            # What has changed since another system last asked.
            models.Index(
                fields=["workspace", "updated_at", "id"], name="client_changed"
            ),
            models.Index(
                fields=["workspace", "match_key"],
                condition=~models.Q(match_key=""),
                name="client_match",
                # Beginnings are compared by bytes: see whatsapp's search.
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            GinIndex(fields=["search"], name="client_search"),
        ]

    def __str__(self) -> str:
        return f"client {self.key}"
