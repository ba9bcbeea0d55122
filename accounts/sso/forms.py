"""A line of the table of sign-in rules."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import SignInRule


class SignInRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = SignInRule
        fields = ("claim", "value", "role", "is_authoritative")
        labels = {
            "claim": _("When the server says this about a person"),
            "value": _("and it is, or contains"),
            "role": _("they become"),
            "is_authoritative": _(
                "The server alone decides: whoever it no longer says this of leaves at their next sign-in"
            ),
        }
        help_texts = {
            "claim": _(
                "Such as groups, or realm_access.roles for a value inside another."
            ),
            "value": _("Such as atendimento. Written exactly as the server writes it."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("claim", "value"):
            if not str(cleaned.get(name, "x")).isprintable():
                self.add_error(name, _("Use letters, digits and signs only."))
        return cleaned
