"""The filters of the lists as they stand in the address."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from integrations.models import Channel
from tickets.models import TicketPriority
from tickets.selectors.tickets import (
    ANSWERED,
    HAND,
    LIVE,
    MINE,
    NOBODYS,
    RESOLVED,
    SYSTEM,
    TABS,
    TALK,
    TicketFilter,
)
from whatsapp import phones
from whatsapp.forms.days import DaysForm, day_field

Choices = list[tuple[Any, Any]]


class TicketFilterForm(DaysForm):
    """`client` and `lead` come by links."""

    no_such_year = _("No ticket is from that year.")

    q = forms.CharField(
        label=_("Number, words, client or phone"), max_length=200, required=False
    )
    assignee = forms.ChoiceField(label=_("Assignee"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    source = forms.ChoiceField(label=_("Where it comes from"), required=False)
    since = day_field(_("From"))
    until = day_field(_("Until"))
    days = forms.ChoiceField(
        label=_("Days of"),
        required=False,
        choices=[
            ("", _("The opening")),
            (ANSWERED, _("The first answer")),
            (RESOLVED, _("The solution")),
        ],
    )
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
        self.offer(
            "assignee",
            [every, (MINE, _("Mine")), (NOBODYS, _("Nobody's")), *named],
        )
        self.offer("priority", [every, *TicketPriority.choices])
        numbers = [
            (str(one.key), phones.titled(one.display_name, one.phone))
            for one in channels
        ]
        sources: Choices = [every, (TALK, _("A conversation"))]
        if len(numbers) > 1:
            sources.append((_("A conversation on"), numbers))
        sources += [(SYSTEM, _("Another system")), (HAND, _("Opened by hand"))]
        self.offer("source", sources)
        field = self.fields["q"]
        field.widget.input_type = "search"
        field.widget.attrs["data-shortcut"] = "search"

    @property
    def asked(self) -> dict[str, str]:
        """As elsewhere; the first tab is no filter."""
        told = super().asked
        if told.get("status") == LIVE:
            del told["status"]
        return told

    @property
    def filter(self) -> TicketFilter:
        self.is_valid()
        told = self.cleaned_data
        return TicketFilter(
            status=told.get("status") or LIVE,
            text=(told.get("q") or "").strip(),
            assignee=told.get("assignee") or "",
            priority=told.get("priority") or "",
            source=told.get("source") or "",
            client=told.get("client"),
            lead=told.get("lead"),
            since=self.since_at,
            before=self.before_at,
            days=told.get("days") or "",
        )


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
