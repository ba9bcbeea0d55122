"""What an admin fills in to make a service token."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Scope

SCOPE_LABELS = {
    Scope.WORKSPACE_READ: _("Read what this workspace is called"),
    Scope.CLIENTS_READ: _("Read clients"),
    Scope.CLIENTS_WRITE: _("Add and change clients"),
    Scope.LEADS_READ: _("Read leads"),
    Scope.CONVERSATIONS_READ: _("Read which conversations there are"),
    Scope.MESSAGES_READ: _("Read messages and what became of sends"),
    Scope.TICKETS_READ: _("Read tickets and their comments"),
    Scope.TICKETS_WRITE: _("Open, change and comment on tickets"),
    Scope.MESSAGES_SEND: _("Send messages"),
    Scope.NOTIFICATIONS_SEND: _("Send notifications about tickets"),
}


class TokenForm(forms.Form):
    """`allowed` are the scopes that its maker may hand out."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("The system that will use it, so that you know what to revoke."),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=90,
        choices=[
            (30, _("30 days")),
            (90, _("90 days")),
            (180, _("180 days")),
            (365, _("One year")),
        ],
        help_text=_("After that it opens nothing; make a new one before."),
    )

    def __init__(self, *args: Any, allowed: Collection[Scope], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scopes = {
            f"scope_{scope.name.lower()}": scope for scope in Scope if scope in allowed
        }
        for name, scope in self._scopes.items():
            self.fields[name] = forms.BooleanField(
                label=SCOPE_LABELS[scope], required=False
            )

    @property
    def scope_fields(self) -> list[BoundField]:
        return [self[name] for name in self._scopes]

    @property
    def scopes(self) -> list[Scope]:
        return [
            scope for name, scope in self._scopes.items() if self.cleaned_data.get(name)
        ]

    def clean(self) -> None:
        if not self.scopes:
            raise ValidationError(gettext("Choose at least one."))

    def expires_at(self, now: datetime) -> datetime:
        days: int = self.cleaned_data["days"]
        return now + timedelta(days=days)

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what the service refused beside its field, in the reader's language."""
        for name, why in problems.items():
            if name == "name":
                self.add_error(
                    "name", gettext("A token in use has this name. Choose another.")
                )
            else:
                self.add_error(None, why)
