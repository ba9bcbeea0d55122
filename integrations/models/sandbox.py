"""What the sandbox's gateway knows of its numbers."""

from django.db import models

from accounts.scoping import WorkspaceScoped
from integrations.models.numbers import Channel
from integrations.troubles import Mishap


class SimulatedPhone(WorkspaceScoped):
    """The phone behind a sandbox number, as the sandbox's gateway knows it.

    `linked_phone` are the digits of the phone that Recado is linked to, empty for none;
    then `unlinked_by` says who ended it, if it ever was. While a phone is awaited, codes
    come from `seed`: see providers/sandbox/codes.py. `posts_to` is the SHA-256 of the token
    in the webhook URL that was set, none for the URL that all numbers share.
    """

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    linked_phone = models.CharField(max_length=20, blank=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    unlinked_by = models.CharField(max_length=10, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    wants_pairing_code = models.BooleanField(default=False)
    posts_to = models.BinaryField(max_length=32, null=True, blank=True)
    mishap = models.CharField(max_length=15, choices=Mishap.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel"], name="simulatedphone_one_each"
            )
        ]

    def __str__(self) -> str:
        return f"simulated phone of channel {self.channel_id}"

    @property
    def is_linked(self) -> bool:
        return bool(self.linked_phone)
