"""What a person may ask of the audit log; the filter lives in the address."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit_words import GROUPS
from accounts.selectors.audit_log import AuditFilter

_DAY = {"type": "date"}


def _actions() -> list[tuple[Any, Any]]:
    """By subject: all of a subject, or one action of it."""
    offered: list[tuple[Any, Any]] = [("", _("Any action"))]
    for group in GROUPS:
        names = [(name, words.label) for name, words in group.actions.items()]
        offered.append((group.label, [(group.prefix, group.all_label), *names]))
    return offered


class AuditFilterForm(forms.Form):
    person = forms.CharField(
        label=_("Person"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    action = forms.ChoiceField(label=_("Action"), choices=_actions, required=False)
    target = forms.CharField(label=_("About"), max_length=128, required=False)
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
    def filter(self) -> AuditFilter:
        told = self.cleaned_data
        return AuditFilter(
            person=told.get("person") or "",
            action=told.get("action") or "",
            target=told.get("target") or "",
            since=_midnight(told.get("since")),
            before=_midnight(told.get("until"), days=1),
        )


def _midnight(day: dt.date | None, *, days: int = 0) -> dt.datetime | None:
    """When a day begins in the workspace's zone; a day past the calendar's end has none."""
    if day is None:
        return None
    try:
        moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min)
    except OverflowError:
        return None
    return timezone.make_aware(moment)
