"""What a person may ask of the audit log; the filter lives in the address."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.audit_words import GROUPS
from accounts.forms.period import PeriodForm
from accounts.selectors.audit_log import AuditFilter


def _actions() -> list[tuple[Any, Any]]:
    """By subject: all of a subject, or one action of it."""
    offered: list[tuple[Any, Any]] = [("", _("Any action"))]
    for group in GROUPS:
        names = [(name, words.label) for name, words in group.actions.items()]
        offered.append((group.label, [(group.prefix, group.all_label), *names]))
    return offered


class AuditFilterForm(PeriodForm):
    person = forms.CharField(
        label=_("Person"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    action = forms.ChoiceField(label=_("Action"), choices=_actions, required=False)
    target = forms.CharField(label=_("About"), max_length=128, required=False)

    @property
    def filter(self) -> AuditFilter:
        told = self.cleaned_data
        return AuditFilter(
            person=told.get("person") or "",
            action=told.get("action") or "",
            target=told.get("target") or "",
            since=self.begins_at,
            before=self.ends_before,
        )
