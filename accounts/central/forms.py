"""Forms of the central server's own pages."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.central import clients
from accounts.models import User

MOST_REDIRECTS = 20


class ApplicationForm(forms.Form):
    """`is_public` is decided once: a public client has no secret, ever."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("People read it when they are asked for their consent."),
    )
    redirect_uris = forms.CharField(
        label=_("Redirect addresses"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One per line, exactly as the application sends them; https."),
    )
    is_public = forms.BooleanField(
        label=_("It runs where no secret can be kept (a phone, a browser, a desktop)"),
        required=False,
    )
    may_call_api = forms.BooleanField(
        label=_("It may call Recado's API in the person's name"), required=False
    )

    def __init__(
        self, *args: Any, is_public: bool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._is_public = is_public
        if is_public is not None:
            del self.fields["is_public"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_public = (
            cleaned.get("is_public", False)
            if self._is_public is None
            else self._is_public
        )
        if "redirect_uris" in cleaned:
            lines = [line.strip() for line in cleaned["redirect_uris"].splitlines()]
            uris = list(dict.fromkeys(filter(None, lines)))
            for uri in uris:
                if not clients.is_fit_redirect(uri, is_public=is_public):
                    self.add_error("redirect_uris", _unfit(uri))
            if len(uris) > MOST_REDIRECTS:
                self.add_error("redirect_uris", _("These are too many addresses."))
            cleaned["redirect_uris"] = uris
        return cleaned


def _unfit(uri: str) -> ValidationError:
    return ValidationError(
        _(
            "%(uri)s cannot be used: write a full https address without # and *. "
            "http is for this machine alone (localhost)."
        ),
        params={"uri": uri[:200]},
    )


class PersonForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150, required=False)


class InvitedForm(forms.Form):
    """What somebody who was invited tells about themselves."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password")
        if password:
            person = User(email=self._email, name=cleaned.get("name", ""))
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
            if cleaned.get("again") and cleaned["again"] != password:
                self.add_error("again", _("The two passwords are not the same."))
        return cleaned
