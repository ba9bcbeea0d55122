"""The form of a canned reply."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from whatsapp import gaps

_LONGEST = 4096  # what WhatsApp takes as one text


class CannedReplyForm(forms.Form):
    """A name that one types after `/`, and a text whose gaps are known."""

    name = forms.CharField(
        label=_("Short name"),
        help_text=_("What you type after / to find it, such as “price”."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )

    def clean_name(self) -> str:
        name: str = " ".join(self.cleaned_data["name"].removeprefix("/").split())
        if not name:
            raise forms.ValidationError(_("Give it a name."))
        return name

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n").strip()
        unknown = gaps.unknown_in(text)
        if unknown:
            told = gettext("Nothing fills %(gap)s. Use one of those listed below.")
            raise forms.ValidationError(told % {"gap": unknown[0]})
        return text


def refused(form: CannedReplyForm, *, is_full: bool) -> CannedReplyForm:
    """The form with the reason beside its field."""
    reason: Any = (
        _("There are as many canned replies as there is room for. Delete one first.")
        if is_full
        else _("There is a canned reply of this name already. Choose another one.")
    )
    form.add_error("name", reason)
    return form
