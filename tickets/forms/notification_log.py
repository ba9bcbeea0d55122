"""The filters of the log of notifications."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets import notification_words as words
from tickets.models import Audience, NotificationPath
from tickets.selectors.notifications import NotificationFilter
from whatsapp.models import Shown
from whatsapp.selectors.periods import Period


class LogForm(forms.Form):
    """The filters of the log, as they stand in its address; the period is read beside it."""

    event = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=[
            ("", _("All")),
            *((one.value, words.EVENT_WORDS[one]) for one in words.EVENTS),
        ],
    )
    audience = forms.ChoiceField(
        label=_("Who is told"),
        required=False,
        choices=[("", _("All")), *Audience.choices],
    )
    path = forms.ChoiceField(
        label=_("Way"),
        required=False,
        choices=[("", _("All")), *NotificationPath.choices],
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            *Shown.choices,
            *((name, words.STATES[name][0]) for name in ("held", "nobody", "skipped")),
        ],
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=200, widget=forms.HiddenInput
    )
    template = forms.CharField(
        label=_("Template"), required=False, max_length=512, widget=forms.HiddenInput
    )
    rule = forms.UUIDField(required=False, widget=forms.HiddenInput)
    ticket = forms.IntegerField(
        label=_("Ticket number"), required=False, min_value=1, max_value=2**31 - 1
    )

    @property
    def asked(self) -> dict[str, str]:
        """The filters that make sense, as they were written."""
        self.is_valid()
        return {
            name: str(self.data.get(name, "")).strip()
            for name in self.fields
            if self.cleaned_data.get(name)
        }

    def filter(self, period: Period) -> NotificationFilter:
        self.is_valid()
        told: dict[str, Any] = self.cleaned_data
        rule: uuid.UUID | None = told.get("rule")
        return NotificationFilter(
            since=period.since,
            until=period.until,
            event=told.get("event") or "",
            audience=told.get("audience") or "",
            path=told.get("path") or "",
            state=told.get("state") or "",
            reason=told.get("reason") or "",
            template=told.get("template") or "",
            rule=rule,
            ticket=told.get("ticket"),
        )
