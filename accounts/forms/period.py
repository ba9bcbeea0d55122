"""From one day to another, as the filters of long lists ask it."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_DAY = {"type": "date"}


class PeriodForm(forms.Form):
    since = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The end must not be before the beginning."))
        return cleaned

    @property
    def begins_at(self) -> dt.datetime | None:
        return _midnight(self.cleaned_data.get("since"))

    @property
    def ends_before(self) -> dt.datetime | None:
        return _midnight(self.cleaned_data.get("until"), days=1)


def _midnight(day: dt.date | None, *, days: int = 0) -> dt.datetime | None:
    """When a day begins in the page's zone; a day past the calendar's end has none."""
    if day is None:
        return None
    try:
        moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min)
    except OverflowError:
        return None
    return timezone.make_aware(moment)
