"""From one minute to another: the fields of filters that stand in an address, and their check."""

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.forms.asked import AskedForm

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LONGEST: Final = dt.timedelta(days=366)
MOMENTS: Final = ("since", "until")
_FORMAT: Final = "%Y-%m-%dT%H:%M"
_EARLIEST, _LATEST = 2000, 2099  # years that every clock reaches


def moment_field(label: "_StrPromise") -> forms.DateTimeField:
    """Optional, and written in an address as the browser's own field writes it."""
    return forms.DateTimeField(
        label=label,
        required=False,
        input_formats=[_FORMAT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT),
    )


class MomentsForm(AskedForm):
    """Two of the filters are the moments `since` and `until`, which a subclass declares where
    they belong. They are a year apart at most."""

    no_such_year: ClassVar["_StrPromise"]

    def __init__(self, data: Any, *, now: dt.datetime) -> None:
        super().__init__(data)
        self.now = now

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        for name in MOMENTS:
            moment = told.get(name)
            if moment and not _EARLIEST <= moment.year <= _LATEST:
                self.add_error(name, self.no_such_year)
        since, until = told.get("since"), told.get("until")
        if since and until and since >= until:
            self.add_error("until", _("The end must be later than the beginning."))
        elif since and (until or self.now) - since > LONGEST:
            self.add_error("since", _("Choose a year at most."))
        return told

    @property
    def moments(self) -> list[forms.BoundField]:
        return [self[name] for name in MOMENTS]

    @property
    def soon(self) -> dt.datetime:
        """Up to when everything that is there now counts."""
        return self.now + dt.timedelta(minutes=1)


def written(moment: dt.datetime) -> str:
    """As the fields and the address hold it: the workspace's clock."""
    return timezone.localtime(moment).strftime(_FORMAT)
