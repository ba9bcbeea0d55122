"""Filters that stand in the address of a list, where another page's numbers lead."""

from typing import Any, cast

from django import forms


class AskedForm(forms.Form):
    """One that is impossible is named beside its field and left out."""

    @property
    def asked(self) -> dict[str, str]:
        """The filters that make sense, as they were written."""
        self.is_valid()
        return {
            name: self.data.get(name, "").strip()
            for name in self.fields
            if self.cleaned_data.get(name)
        }

    def offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices
