"""What a person may ask of the webhook pages: filters in the URL, and a reason to park."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webhooks.inbox_pages import Connection, Filters, Number
from webhooks.models import RawState
from whatsapp import phones

PERIODS = {
    "hour": (_("Last hour"), timedelta(hours=1)),
    "day": (_("Last 24 hours"), timedelta(days=1)),
    "week": (_("Last 7 days"), timedelta(days=7)),
    "month": (_("Last 30 days"), timedelta(days=30)),
}
# What a row led to, by the name under which its outcome counts it.
KINDS = {
    "messages": _("Messages"),
    "statuses": _("Delivery news"),
    "contacts": _("Contact news"),
    "account_events": _("Account news"),
    "duplicates": _("Repeated messages"),
    "ignored": _("Not needed"),
}

_MOMENTS = ("since", "until")


class FilterForm(forms.Form):
    """A filter that cannot be is an error beside its field; no row is shown for it."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("Any state")), *RawState.choices],
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Content"),
        choices=[("", _("Any content")), *KINDS.items()],
        required=False,
    )
    integration = forms.ChoiceField(label=_("Connection"), required=False)
    channel = forms.ChoiceField(label=_("Number"), required=False)
    period = forms.ChoiceField(
        label=_("Received"),
        choices=[
            ("", _("At any time")),
            *((name, label) for name, (label, _span) in PERIODS.items()),
        ],
        required=False,
    )
    since = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        connections: Sequence[Connection] = (),
    ) -> None:
        super().__init__(data, auto_id="filter-%s")
        numbers = [number for one in connections for number in one.numbers]
        self._integrations = {str(one.key): one.pk for one in connections}
        self._numbers = {str(one.key): one for one in numbers}
        self._offer(
            "integration",
            _("Any connection"),
            [(str(one.key), one.name) for one in connections],
        )
        self._offer(
            "channel",
            _("Any number"),
            [(key, _name(one)) for key, one in self._numbers.items()],
        )

    def _offer(self, name: str, every: Any, choices: list[tuple[str, str]]) -> None:
        """A field with nothing to choose from is left out."""
        cast("forms.ChoiceField", self.fields[name]).choices = [("", every), *choices]
        if not choices:
            del self.fields[name]

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in _MOMENTS]

    @property
    def moments(self) -> list[forms.BoundField]:
        """The exact times, which few need: a page may fold them away."""
        return [self[name] for name in _MOMENTS]

    @property
    def opens_moments(self) -> bool:
        return any(field.value() or field.errors for field in self.moments)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since >= until:
            self.add_error("until", _("The end must be later than the beginning."))
        return cleaned

    def filters(self) -> Filters:
        """Of a valid form."""
        told = self.cleaned_data
        since = told.get("since")
        if told["period"]:
            begin = timezone.now() - PERIODS[told["period"]][1]
            since = max(since, begin) if since else begin
        return Filters(
            integration_id=self._integrations.get(told.get("integration", "")),
            number=self._numbers.get(told.get("channel", "")),
            state=told["state"],
            kind=told["kind"],
            since=since,
            until=told.get("until"),
        )


def _name(number: Number) -> str:
    told = phones.display(number.phone)
    return f"{number.display_name} · {told}" if number.display_name else told


class ParkForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Whoever finds it parked will read this. No names, no numbers."),
    )


def keys_in(values: Sequence[str], *, most: int) -> list[uuid.UUID]:
    """The public keys among what a form sent; nonsense is left out."""
    found = []
    for value in values[:most]:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return found
