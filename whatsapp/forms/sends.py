"""The filters of the sends page, as they stand in its address."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.models import Channel
from whatsapp import phones
from whatsapp.forms.days import midnight
from whatsapp.models import Shown
from whatsapp.selectors.send_filters import SendFilter, last_day

PERIODS: Final = {
    "day": (_("Last 24 hours"), dt.timedelta(hours=24)),
    "week": (_("Last 7 days"), dt.timedelta(days=7)),
    "month": (_("Last 30 days"), dt.timedelta(days=30)),
    "quarter": (_("Last 90 days"), dt.timedelta(days=90)),
}
USUAL: Final = "week"
LONGEST: Final = dt.timedelta(days=366)
_FORMAT: Final = "%Y-%m-%dT%H:%M"
_EARLIEST, _LATEST = 2000, 2099  # years that every clock reaches
_MOMENTS = ("since", "until")
Choices = list[tuple[Any, Any]]


class SendFilterForm(forms.Form):
    """A filter that cannot be is named beside its field and left out."""

    q = forms.CharField(
        label=_("Name, phone or words of the text"), max_length=200, required=False
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("All")), *Shown.choices], required=False
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    number = forms.ChoiceField(label=_("Number"), required=False)
    template = forms.ChoiceField(label=_("Template"), required=False)
    period = forms.ChoiceField(
        label=_("Period"),
        choices=[
            ("", ""),
            *((name, words) for name, (words, _span) in PERIODS.items()),
        ],
        required=False,
    )
    since = forms.DateTimeField(
        label=_("From"),
        required=False,
        input_formats=[_FORMAT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT),
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        input_formats=[_FORMAT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT),
    )

    def __init__(
        self,
        data: Any,
        *,
        now: dt.datetime,
        channels: Sequence[Channel],
        templates: Sequence[str],
    ) -> None:
        super().__init__(data)
        self._now = now
        self._channels = {str(one.key): one for one in channels}
        every: Choices = [("", _("All"))]
        self._offer("template", [*every, *((name, name) for name in templates)])
        named = [
            (key, phones.titled(one.display_name, one.phone))
            for key, one in self._channels.items()
        ]
        self._offer("number", [*every, *named])
        self.fields["q"].widget.input_type = "search"

    def _offer(self, name: str, choices: Choices) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    def offer_reasons(self, reasons: Choices) -> None:
        """What a period's sends met is known once the period is; any other one may be asked
        for too."""
        asked = self.asked.get("reason", "")
        known = {value for value, _words in reasons}
        others = [(asked, asked)] if asked and asked not in known else []
        choices = [("", _("All")), *reasons, *others]
        self.fields["reason"].widget = forms.Select(choices=choices)

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        for name in _MOMENTS:
            moment = told.get(name)
            if moment and not _EARLIEST <= moment.year <= _LATEST:
                self.add_error(name, _("Nothing was sent in that year."))
        since, until = told.get("since"), told.get("until")
        if since and until and since >= until:
            self.add_error("until", _("The end must be later than the beginning."))
        elif since and (until or self._now) - since > LONGEST:
            self.add_error("since", _("Choose a year at most."))
        return told

    @property
    def moments(self) -> list[forms.BoundField]:
        return [self[name] for name in _MOMENTS]

    @property
    def asked(self) -> dict[str, str]:
        """The filters that make sense, as they were written."""
        self.is_valid()
        return {
            name: self.data.get(name, "").strip()
            for name in self.fields
            if self.cleaned_data.get(name)
        }

    @property
    def preset(self) -> str:
        """The ready-made period that is shown; empty for one of one's own."""
        asked = self.asked
        return "" if asked.keys() & set(_MOMENTS) else asked.get("period", USUAL)

    @property
    def filter(self) -> SendFilter:
        asked = self.asked
        told = self.cleaned_data
        channel = self._channels.get(asked.get("number", ""))
        since, until = self._span()
        return SendFilter(
            since=since,
            until=until,
            text=told.get("q") or "",
            shown=told.get("state") or "",
            reason=told.get("reason") or "",
            template=told.get("template") or "",
            channel_id=channel.pk if channel else None,
        )

    def _span(self) -> tuple[dt.datetime, dt.datetime]:
        """One's own moments, where one is missing a week; else the ready-made period."""
        since, until = (self.cleaned_data.get(name) for name in _MOMENTS)
        soon = self._now + dt.timedelta(minutes=1)
        usual = PERIODS[USUAL][1]
        if since:
            return since, until or max(soon, since + dt.timedelta(minutes=1))
        if until:
            return until - usual, until
        if self.preset == "day":
            return last_day(self._now), soon
        # Whole days, and today as far as it has come.
        days = PERIODS[self.preset][1].days - 1
        first = timezone.localtime(self._now).date() - dt.timedelta(days=days)
        return midnight(first), soon


def written(moment: dt.datetime) -> str:
    """As the fields and the address hold it: the workspace's clock."""
    return timezone.localtime(moment).strftime(_FORMAT)
