"""What one can do with the phone of the business, beside a tap on a button."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integrations.models import Mishap


class PairingCodeForm(forms.Form):
    """The way of WhatsApp without a camera: the code is read there and typed here."""

    code = forms.CharField(
        label=_("Pairing code"),
        max_length=40,
        help_text=_(
            "Eight letters and digits, as Recado shows them beside the QR code."
        ),
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "characters",
                "autocomplete": "one-time-code",
                "spellcheck": "false",
            }
        ),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="pair_%s")


class MishapForm(forms.Form):
    """What shall go wrong from now on, until something else is chosen."""

    mishap = forms.ChoiceField(
        label=_("What goes wrong"), required=False, choices=Mishap.choices
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, auto_id="mishap_%s", **options)
