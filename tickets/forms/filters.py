"""The filters of the lists as they stand in the address."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from integrations.models import Channel
from tickets.models import TicketPriority
from tickets.selectors.tickets import (
    HAND,
    LIVE,
    MINE,
    NOBODYS,
    SYSTEM,
    TABS,
    TALK,
    TicketFilter,
)
from whatsapp import phones
from whatsapp.forms.days import check_days, day_field, midnight

Choices = list[tuple[Any, Any]]


class TicketFilterForm(forms.Form):
    """One that is impossible is named and left out; `client` and `lead` come by links."""

    q = forms.CharField(
        label=_("Number, words, client or phone"), max_length=200, required=False
    )
    assignee = forms.ChoiceField(label=_("Assignee"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    source = forms.ChoiceField(label=_("Where it comes from"), required=False)
    since = day_field(_("Opened since"))
    until = day_field(_("Opened until"))
    client = forms.UUIDField(required=False, widget=forms.HiddenInput)
    lead = forms.UUIDField(required=False, widget=forms.HiddenInput)
    status = forms.ChoiceField(
        required=False, choices=[(one, one) for one in TABS], widget=forms.HiddenInput
    )

    def __init__(
        self, data: Any, *, people: Sequence[User], channels: Sequence[Channel]
    ) -> None:
        super().__init__(data)
        every = ("", _("All"))
        named = [(str(one.pk), one.name or one.email) for one in people]
        self._offer(
            "assignee",
            [every, (MINE, _("Mine")), (NOBODYS, _("Nobody's")), *named],
        )
        self._offer("priority", [every, *TicketPriority.choices])
        numbers = [
            (str(one.key), phones.titled(one.display_name, one.phone))
            for one in channels
        ]
        sources: Choices = [every, (TALK, _("A conversation"))]
        if len(numbers) > 1:
            sources.append((_("A conversation on"), numbers))
        sources += [(SYSTEM, _("Another system")), (HAND, _("Opened by hand"))]
        self._offer("source", sources)
        field = self.fields["q"]
        field.widget.input_type = "search"
        field.widget.attrs["data-shortcut"] = "search"

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        check_days(self, no_such_year=_("No ticket is from that year."))
        return told

    @property
    def asked(self) -> dict[str, str]:
        """The filters that make sense, as they were written; the first tab is none."""
        self.is_valid()
        told = {
            name: self.data.get(name, "").strip()
            for name in self.fields
            if self.cleaned_data.get(name)
        }
        if told.get("status") == LIVE:
            del told["status"]
        return told

    @property
    def filter(self) -> TicketFilter:
        self.is_valid()
        told = self.cleaned_data
        since, until = told.get("since"), told.get("until")
        return TicketFilter(
            status=told.get("status") or LIVE,
            text=(told.get("q") or "").strip(),
            assignee=told.get("assignee") or "",
            priority=told.get("priority") or "",
            source=told.get("source") or "",
            client=told.get("client"),
            lead=told.get("lead"),
            since=midnight(since) if since else None,
            before=midnight(until, days=1) if until else None,
        )

    def _offer(self, name: str, choices: Choices) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices


class ClientFilterForm(forms.Form):
    q = forms.CharField(
        label=_("Name, phone, e-mail or oauth_id"), max_length=200, required=False
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        field = self.fields["q"]
        field.widget.input_type = "search"
        field.widget.attrs["data-shortcut"] = "search"

    @property
    def text(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("q") or "").strip()


def keys_of(told: Sequence[str]) -> list[uuid.UUID]:
    """The keys among what was sent, each once."""
    keys: dict[uuid.UUID, None] = {}
    for text in told:
        try:
            keys.setdefault(uuid.UUID(text))
        except ValueError:
            continue
    return list(keys)
