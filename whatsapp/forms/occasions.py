"""Texts that Recado sends by itself, one for each occasion and language: fields and checks."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from whatsapp import auto_texts
from whatsapp.auto_texts import LANGUAGES, LONGEST

_LANGUAGE_NAMES = {
    "pt-br": _("Portuguese"),
    "en": _("English"),
    "es": _("Spanish"),
}
Texts = Mapping[str, Mapping[str, str]]  # by occasion and language


class OccasionsForm(forms.Form):
    """The fields are named `<occasion>_<language>`; `language` is the workspace's."""

    occasions_told: ClassVar[Mapping[str, str | Promise]]

    def __init__(
        self, data: Any = None, *, initial: dict[str, Any], texts: Texts, language: str
    ) -> None:
        for what in self.occasions_told:
            for one in LANGUAGES:
                initial[f"{what}_{one}"] = texts.get(what, {}).get(one, "")
        super().__init__(data, initial=initial)
        self.language = language

    def add_texts(self) -> None:
        for what in self.occasions_told:
            for one in self.languages:
                self.fields[f"{what}_{one}"] = forms.CharField(
                    label=_LANGUAGE_NAMES[one],
                    required=False,
                    max_length=LONGEST,
                    help_text=self.text_help(one),
                    widget=forms.Textarea(attrs={"rows": 3, "lang": one}),
                )

    def text_help(self, language: str) -> str:
        return ""

    @property
    def languages(self) -> list[str]:
        """The workspace's first."""
        return sorted(LANGUAGES, key=lambda one: one != self.language)

    def occasions(self) -> list[dict[str, Any]]:
        """Each with the field of the workspace's language and those of the others."""
        return [
            {
                "name": name,
                "label": label,
                "first": self[f"{name}_{self.languages[0]}"],
                "others": [self[f"{name}_{one}"] for one in self.languages[1:]],
                "is_open": any(
                    self.errors.get(f"{name}_{one}") for one in self.languages[1:]
                ),
            }
            for name, label in self.occasions_told.items()
        ]

    def check_gaps(self, what: str) -> None:
        for name in _names(what):
            unknown = auto_texts.unknown_gaps(self.cleaned_data.get(name, ""))
            if unknown:
                told = gettext(
                    "There is no %(gap)s to fill in. Use one of those below."
                )
                self.add_error(name, told % {"gap": unknown[0]})

    def require_text(self, what: str) -> None:
        """In one language at least."""
        if not any(self.cleaned_data.get(name, "").strip() for name in _names(what)):
            self.add_error(
                f"{what}_{self.languages[0]}", gettext("Write what is answered.")
            )

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """Those that are not empty; the form is valid."""
        return {
            what: {
                one: text
                for one in LANGUAGES
                if (text := self.cleaned_data[f"{what}_{one}"].strip())
            }
            for what in self.occasions_told
        }


def _names(what: str) -> list[str]:
    return [f"{what}_{one}" for one in LANGUAGES]
