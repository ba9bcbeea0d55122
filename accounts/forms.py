"""What a person chooses for themselves."""

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings

from accounts.models import User

if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:
    _UserForm = forms.ModelForm  # subscriptable to the stubs only


class PreferencesForm(_UserForm):
    """Sent by the language buttons and by the theme buttons, one field at a time."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(
        choices=[("system", "system"), ("light", "light"), ("dark", "dark")],
        required=False,
    )

    class Meta:
        model = User
        fields = ("language", "theme")

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or self.instance.language

    def clean_theme(self) -> str:
        chosen: str = self.cleaned_data["theme"] or self.instance.theme
        return "" if chosen == "system" else chosen
