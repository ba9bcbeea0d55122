"""The form of a client."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from tickets.forms.tickets import changed_words
from tickets.models import Client
from tickets.services.clients import Facts, mark_of
from whatsapp import phones


class ClientForm(forms.Form):
    """`key` makes a form that is sent twice one client; `read_phone` knows how people of
    the workspace write numbers."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=new_key)
    name = forms.CharField(label=_("Name"), max_length=200)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        help_text=_(
            "With area code; the country's too if it is not that of your numbers. Finds"
            " the lead that writes from this number."
        ),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    oauth_id = forms.CharField(
        label="oauth_id",
        max_length=255,
        required=False,
        help_text=_("How your other systems name this client. One client has one."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As their browser asks")), *settings.LANGUAGES],
        help_text=_("In which they read their page and are told about tickets."),
    )

    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        read_phone: Callable[[str], str | None],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._read_phone = read_phone

    def clean_phone(self) -> str:
        written: str = self.cleaned_data["phone"]
        if not written:
            return ""
        number = self._read_phone(written)
        if number is None:
            raise ValidationError(
                _("This is no phone number. Write it as +55 11 98765-4321.")
            )
        return number

    @property
    def facts(self) -> Facts:
        told = self.cleaned_data
        return Facts(
            name=told["name"],
            phone=told["phone"],
            email=told["email"],
            oauth_id=told["oauth_id"] or None,
            language=told["language"],
        )

    def tell_now(self, client: Client) -> None:
        """Somebody was faster: say what stands there now, and keep what was typed."""
        typed, shown = self.facts, self.values_of(client)
        for name in Facts.__annotations__:
            if typed[name] != getattr(client, name):  # type: ignore[literal-required]  # its own names
                self.add_error(name, changed_words(self.fields[name], shown[name]))
        self.data = {**self.data, "seen": mark_of(client)}

    @classmethod
    def values_of(cls, client: Client) -> dict[str, Any]:
        return {
            "seen": mark_of(client),
            "name": client.name,
            "phone": phones.display(client.phone) if client.phone else "",
            "email": client.email,
            "oauth_id": client.oauth_id or "",
            "language": client.language,
        }
