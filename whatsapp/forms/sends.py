"""The filters of the sends page, as they stand in its address."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.models import Channel
from whatsapp import phones
from whatsapp.forms.days import midnight
from whatsapp.forms.moments import MOMENTS, MomentsForm, moment_field
from whatsapp.models import Shown
from whatsapp.selectors.send_filters import SendFilter, last_day

PERIODS: Final = {
    "day": (_("Last 24 hours"), dt.timedelta(hours=24)),
    "week": (_("Last 7 days"), dt.timedelta(days=7)),
    "month": (_("Last 30 days"), dt.timedelta(days=30)),
    "quarter": (_("Last 90 days"), dt.timedelta(days=90)),
}
USUAL: Final = "week"
Choices = list[tuple[Any, Any]]


class SendFilterForm(MomentsForm):
    """The filters of the sends page; there is always a period."""

    no_such_year = _("Nothing was sent in that year.")

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
    since = moment_field(_("From"))
    until = moment_field(_("Until"))

    def __init__(
        self,
        data: Any,
        *,
        now: dt.datetime,
        channels: Sequence[Channel],
        templates: Sequence[str],
    ) -> None:
        super().__init__(data, now=now)
        self._channels = {str(one.key): one for one in channels}
        every: Choices = [("", _("All"))]
        self.offer("template", [*every, *((name, name) for name in templates)])
        named = [
            (key, phones.titled(one.display_name, one.phone))
            for key, one in self._channels.items()
        ]
        self.offer("number", [*every, *named])
        self.fields["q"].widget.input_type = "search"

    def offer_reasons(self, reasons: Choices) -> None:
        """What a period's sends met is known once the period is; any other one may be asked
        for too."""
        asked = self.asked.get("reason", "")
        known = {value for value, _words in reasons}
        others = [(asked, asked)] if asked and asked not in known else []
        choices = [("", _("All")), *reasons, *others]
        self.fields["reason"].widget = forms.Select(choices=choices)

    @property
    def preset(self) -> str:
        """The ready-made period that is shown; empty for one of one's own."""
        asked = self.asked
        return "" if asked.keys() & set(MOMENTS) else asked.get("period", USUAL)

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
        since, until = (self.cleaned_data.get(name) for name in MOMENTS)
        soon = self.soon
        usual = PERIODS[USUAL][1]
        if since:
            return since, until or max(soon, since + dt.timedelta(minutes=1))
        if until:
            return until - usual, until
        if self.preset == "day":
            return last_day(self.now), soon
        # Whole days, and today as far as it has come.
        days = PERIODS[self.preset][1].days - 1
        first = timezone.localtime(self.now).date() - dt.timedelta(days=days)
        return midnight(first), soon
