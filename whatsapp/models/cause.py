"""Why a lead has no origin, in one word: what the report counts and the lead list filters by.

The word is read from the evidence by the database itself (`whatsapp_cause`, migration 0033),
so that it can never say something else than the steps on the lead's page.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Cause(models.TextChoices):
    NO_TOKEN = "no_token", _("Neither a token nor an ad in the message")
    UNKNOWN = "unknown", _("Token that no click has")
    DAMAGED = "damaged", _("Token damaged beyond rescue")
    AMBIGUOUS = "ambiguous", _("Damaged token that fits several clicks")
    TAKEN = "taken", _("Damaged token of somebody else's click")
    NAMELESS_AD = "nameless_ad", _("Ad that the provider did not name")
    KNOWN = "known", _("Known before the first message")
    BY_HAND = "by_hand", _("Corrected by hand to no origin")
    NOT_KEPT = "not_kept", _("The click is no longer kept")
    WAITED = "waited", _("Waited under a token, without a click")
    UNHEARD = "unheard", _("Has not written yet")  # of a lead without any verdict
    OTHER = "other", _("Another reason")


class CauseOf(models.Func):
    """The function of migration 0033 over a verdict's own columns."""

    function = "whatsapp_cause"
    output_field = models.CharField(max_length=20)
