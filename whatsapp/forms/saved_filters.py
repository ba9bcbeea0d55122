"""The form under which a list's filters are kept."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SavedFilterForm(forms.Form):
    """`query` was read by the list itself before; here it only has to be there."""

    name = forms.CharField(
        label=_("Name of the filter"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def refused(form: SavedFilterForm, *, is_full: bool) -> SavedFilterForm:
    """The form with the reason beside its field."""
    form.add_error(
        "name",
        _("You have saved as many filters as there is room for. Delete one first.")
        if is_full
        else _("You have a filter of this name already. Choose another one."),
    )
    return form
