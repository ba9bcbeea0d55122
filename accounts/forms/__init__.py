"""What a person chooses for themselves, and allauth's forms where ours say more."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.core import context
from django import forms
from django.conf import settings

from accounts import guesses
from accounts.models import User

# In the database "" means: as the device says.
_THEMES = {"system": "", "light": "light", "dark": "dark"}


class PreferencesForm(forms.Form):
    """Sent by the language buttons and by the theme buttons, one field at a time."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(
        choices=[(name, name) for name in _THEMES], required=False
    )

    def apply_to(self, user: User) -> None:
        if self.cleaned_data["language"]:
            user.language = self.cleaned_data["language"]
        if self.cleaned_data["theme"]:
            user.theme = _THEMES[self.cleaned_data["theme"]]


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc]  # allauth ships no types
    """Offers a new password by mail only where there is a mail server."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.EMAIL_HOST:
            self.fields["password"].help_text = ""


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc]  # allauth ships no types
    """An open session must not serve to guess the password."""

    def clean_oldpassword(self) -> str:
        guesses.count_password(context.request, self.user.email)
        password: str = super().clean_oldpassword()
        guesses.was_right_password(self.user.email)
        return password
