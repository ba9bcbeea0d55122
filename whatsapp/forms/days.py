"""From one day to another: the fields of filters that stand in an address, and their checks."""

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.forms.asked import AskedForm

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


class DaysForm(AskedForm):
    """Two of the filters are the days `since` and `until`, which a subclass declares where
    they belong."""

    no_such_year: ClassVar["_StrPromise"]
    last_day: dt.date | None = None  # that `until` stands for when it is empty

    def clean(self) -> dict[str, Any]:
        since = self.cleaned_data.get("since")
        until = self.cleaned_data.get("until")
        for name, day in (("since", since), ("until", until)):
            if day and not _EARLIEST <= day.year <= _LATEST:
                self.add_error(name, self.no_such_year)
        last = until or self.last_day
        if since and last and since > last:
            self.add_error("until", _("This day is before the first one."))
        return self.cleaned_data

    @property
    def since_at(self) -> dt.datetime | None:
        day = self.cleaned_data.get("since")
        return midnight(day) if day else None

    @property
    def before_at(self) -> dt.datetime | None:
        """The first moment that is too late."""
        day = self.cleaned_data.get("until")
        return midnight(day, days=1) if day else None


def midnight(day: dt.date, *, days: int = 0) -> dt.datetime:
    """When a day begins in the workspace's zone."""
    moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min)
    return timezone.make_aware(moment)
