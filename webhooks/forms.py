"""What a person may ask of the webhook pages: filters in the URL, and a reason to park."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.models import Integration
from webhooks.inbox_pages import Filters
from webhooks.models import RawState

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
        self, data: Any = None, *, integrations: Sequence[Integration] = ()
    ) -> None:
        super().__init__(data, auto_id="filter-%s")
        self._integrations = {str(one.key): one.pk for one in integrations}
        choices = [
            ("", _("Any connection")),
            *((str(one.key), one.name) for one in integrations),
        ]
        self.fields["integration"] = forms.ChoiceField(
            label=_("Connection"), choices=choices, required=False
        )
        if not integrations:
            del self.fields["integration"]

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
            state=told["state"],
            kind=told["kind"],
            since=since,
            until=told.get("until"),
        )


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
