"""The person on the other side, and the typed names by which they are known."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.scoping import WorkspaceScoped


class Lead(WorkspaceScoped):
    """A person as a prospect. `attribution` points to the verdict that counts now.

    `search_text` is the folded name (`whatsapp.folding.fold`), kept by whoever writes it.
    """

    key = models.UUIDField(default=new_key, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    search_text = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    email = models.EmailField(max_length=254, blank=True)
    # A column, because behind the walls no index on an expression is used.
    email_key = models.GeneratedField(
        expression=Lower("email"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
    )
    stage = models.CharField(max_length=40, blank=True)
    first_touch_token = models.CharField(max_length=16, null=True, blank=True)
    is_anonymous = models.BooleanField(default=True)
    attribution = models.ForeignKey(
        "whatsapp.Attribution",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="merged_from"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "first_touch_token"],
                name="lead_first_touch_token_unique",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="lead_recent"),
            # Most leads have no stage, and then cost this index nothing.
            models.Index(
                fields=["workspace", "stage", "-created_at"],
                condition=~models.Q(stage=""),
                name="lead_staged",
            ),
            GinIndex(fields=["search"], name="lead_search"),
            # Who could be the same person; see `selectors.duplicates`.
            models.Index(
                fields=["workspace", "email_key"],
                condition=~models.Q(email_key=""),
                name="lead_same_email",
            ),
            models.Index(
                fields=["workspace", "search_text", "created_at"],
                condition=~models.Q(search_text=""),
                name="lead_same_name",
            ),
        ]

    def __str__(self) -> str:
        return f"lead {self.key}"


class IdentityKind(models.TextChoices):
    PHONE = "phone", _("Phone")
    WA_ID = "wa_id", _("WhatsApp number")
    BSUID = "bsuid", _("Business-scoped id")
    LID = "lid", _("Hidden id")
    USERNAME = "username", _("User name")
    PROVIDER_CONTACT = "provider_contact", _("Contact at the provider")


class Identity(WorkspaceScoped):
    """A typed alias of a lead. Aliases with one `match_key` are the same person."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    value = models.CharField(max_length=128)
    match_key = models.CharField(max_length=140)
    source = models.CharField(max_length=40)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "value"], name="identity_unique"
            )
        ]
        indexes = [
            # Pattern operators: a part of a phone number finds it, under any collation.
            models.Index(
                fields=["workspace", "match_key"],
                opclasses=["int8_ops", "text_pattern_ops"],
                name="identity_match",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of lead {self.lead_id}"


class LidLookup(WorkspaceScoped):
    """A hidden id whose phone a provider is asked for, and when it is asked next.

    `next_at` is empty once nobody is asked any more: the phone is known, or the provider
    said often enough that it does not know it (`tries`). `misses` are questions in a row
    that nobody answered. Whoever asks holds the lease, told by the database's clock.
    """

    identity = models.ForeignKey(
        Identity,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    tries = models.PositiveSmallIntegerField(default=0)
    misses = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "identity"], name="lidlookup_one_each"
            )
        ]
        indexes = [
            # What is due is looked for across workspaces.
            models.Index(
                fields=["next_at"],
                condition=models.Q(next_at__isnull=False),
                name="lidlookup_due",
            )
        ]

    def __str__(self) -> str:
        return f"look-up of identity {self.identity_id}"
