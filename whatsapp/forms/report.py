"""What the attribution report is asked for: a period in days of the workspace, a grouping."""

import datetime as dt
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from whatsapp.forms.days import DaysForm, day_field, midnight
from whatsapp.selectors.report import GROUPINGS, Period

DAYS = 30  # that are shown when nothing is asked for


class ReportForm(DaysForm):
    """Empty days mean the last thirty. One that is impossible is named, and nothing counted."""

    no_such_year = _("No lead is from that year.")

    by = forms.ChoiceField(
        label=_("By"),
        choices=[(one, one) for one in GROUPINGS],
        required=False,
        widget=forms.HiddenInput,
    )
    since = day_field(_("From"))
    until = day_field(_("Until"))

    page = forms.IntegerField(
        required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput
    )

    def __init__(self, data: QueryDict, *, today: dt.date) -> None:
        if not data.get("since") and not data.get("until"):
            data = data.copy()
            data["since"] = str(today - dt.timedelta(days=DAYS - 1))
            data["until"] = str(today)
        super().__init__(data)
        self.today = self.last_day = today

    @property
    def page_number(self) -> int:
        return int(self.cleaned_data.get("page") or 1)

    @property
    def by_name(self) -> str:
        return str(self.cleaned_data.get("by") or GROUPINGS[0])

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last one; the form is valid."""
        told = self.cleaned_data
        until = cast("dt.date", told.get("until") or self.today)
        since = told.get("since") or until - dt.timedelta(days=DAYS - 1)
        return cast("dt.date", since), until

    @property
    def earlier_days(self) -> tuple[dt.date, dt.date]:
        """As many days, just before."""
        since, until = self.days
        last = since - dt.timedelta(days=1)
        return last - min(until - since, last - dt.date(1, 1, 3)), last

    def link(self, *, by: str = "", days: int = 0, page: int = 0) -> str:
        """The query of this page with a part of it changed; days are the last so many."""
        since, until = self.days
        if days:
            since, until = self.today - dt.timedelta(days=days - 1), self.today
        asked = {"by": by or self.by_name, "since": str(since), "until": str(until)}
        return urlencode(asked | ({"page": str(page)} if page else {}))

    @property
    def period(self) -> Period:
        since, until = self.days
        return Period(
            since=midnight(since),
            before=midnight(until, days=1),
            compared=midnight(self.earlier_days[0]),
        )
