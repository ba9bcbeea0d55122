"""From one day to another: the fields of filters that stand in an address, and their check."""

import datetime as dt
from typing import TYPE_CHECKING

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_EARLIEST, _LATEST = 1900, 9000  # years that every clock reaches
_FORMAT = "%Y-%m-%d"


def day_field(label: "_StrPromise") -> forms.DateField:
    """Optional, and written in an address as the browser's own field writes it."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format=_FORMAT),
        input_formats=[_FORMAT],
    )


def check_days(
    form: forms.Form, *, no_such_year: "_StrPromise", today: dt.date | None = None
) -> None:
    """Name what is impossible of `since` and `until`; without an end it is `today`."""
    since = form.cleaned_data.get("since")
    until = form.cleaned_data.get("until")
    for name, day in (("since", since), ("until", until)):
        if day and not _EARLIEST <= day.year <= _LATEST:
            form.add_error(name, no_such_year)
    last = until or today
    if since and last and since > last:
        form.add_error("until", _("This day is before the first one."))


def midnight(day: dt.date, *, days: int = 0) -> dt.datetime:
    """When a day begins in the workspace's zone."""
    moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min)
    return timezone.make_aware(moment)
