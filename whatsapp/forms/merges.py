"""Forms around leads that are one person, or are not."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from whatsapp.selectors.duplicates import CLUES, STRENGTHS

# What speaks for it, as a page says it.
CLUE_WORDS = {
    "told": _("The provider told names of both as one person's"),
    "email": _("Same e-mail"),
    "phone": _("Numbers that could be the same one"),
    "token": _("Both brought the same link token"),
    "name": _("Same name, first written within 30 days"),
}
STRENGTH_WORDS = {
    "strong": _("Strong"),
    "likely": _("Likely"),
    "possible": _("Possible"),
}
_REASON = {"rows": 3}


class MergeForm(forms.Form):
    """`seen` is the mark of the two leads that the page has shown."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Kept with your name in the history of the lead."),
        widget=forms.Textarea(attrs=_REASON),
    )
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def look_again(self, mark: str) -> None:
        self.add_error(
            None,
            _("One of the two leads changed meanwhile. Look again before merging."),
        )
        self.data = {**self.data, "seen": mark}


class UndoForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Kept with your name in the history of both leads."),
        widget=forms.Textarea(attrs=_REASON),
    )


class DuplicateFilterForm(forms.Form):
    """The filters as they stand in the address."""

    clue = forms.ChoiceField(
        label=_("What speaks for it"),
        required=False,
        choices=[("", _("All")), *((one, CLUE_WORDS[one]) for one in CLUES)],
    )
    strength = forms.ChoiceField(
        label=_("How strong"),
        required=False,
        choices=[("", _("All")), *((one, STRENGTH_WORDS[one]) for one in STRENGTHS)],
    )

    @property
    def asked(self) -> dict[str, Any]:
        """The filters that make sense."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
