"""Forms of a ticket: the whole of it, its quick changes, what is said in it."""

import uuid
from collections.abc import Sequence
from typing import Any, Final, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from accounts.models import User
from tickets.models import Client, Ticket, TicketPriority, TicketStatus
from whatsapp import phones

Choices = list[tuple[Any, Any]]
NEW_CLIENT: Final = "new"  # the client is to be made from the conversation's lead


def _seen() -> forms.IntegerField:
    """The version that the page has shown."""
    return forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
    )


class _Keyed(forms.Form):
    """`key` makes a form that is sent twice one deed."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)

    def renew_lost_key(self) -> None:
        """A key that got lost is nothing a person could mend: another one is given."""
        if "key" in self.errors:
            del self.errors["key"]
            self.data = {**self.data, "key": str(new_key())}
            self.add_error(None, _("This form was incomplete. Send it once more."))


class TicketForm(_Keyed):
    """`clients` are whom it may be for; `people` who may work on it."""

    found_nobody = False  # who was looked for
    title = forms.CharField(label=_("Title"), max_length=200)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=20_000,
        help_text=_("The client reads it on their page of the ticket."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    client = forms.ChoiceField(
        label=_("Client"), required=False, widget=forms.RadioSelect
    )
    who = forms.CharField(
        label=_("Find a client"),
        required=False,
        max_length=200,
        help_text=_("By name, phone, e-mail or oauth_id."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )
    priority = forms.ChoiceField(
        label=_("Priority"),
        choices=TicketPriority.choices,
        initial=TicketPriority.NORMAL,
    )
    assignee = forms.ChoiceField(label=_("Assignee"), required=False)
    external_url = forms.URLField(
        label=_("Link to another system"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Where the same matter stands elsewhere, if it does."),
    )
    conversation = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = _seen()

    def __init__(
        self,
        data: Any = None,
        *,
        clients: Sequence[Client],
        people: Sequence[User],
        from_lead: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self._clients = {str(one.key): one for one in clients}
        offered: Choices = [("", _("Nobody"))]
        if from_lead:
            offered.append(
                (NEW_CLIENT, _("%(name)s, as a new client") % {"name": from_lead})
            )
        offered += [(key, client_words(one)) for key, one in self._clients.items()]
        cast("forms.ChoiceField", self.fields["client"]).choices = offered
        offer_people(self, people)

    def clean(self) -> dict[str, Any]:
        self.renew_lost_key()
        return self.cleaned_data

    @property
    def chosen(self) -> Client | None:
        return self._clients.get(self.cleaned_data.get("client") or "")

    @property
    def makes_client(self) -> bool:
        return self.cleaned_data.get("client") == NEW_CLIENT

    @property
    def assignee_id(self) -> int | None:
        return number_of(self.cleaned_data.get("assignee"))

    @classmethod
    def values_of(cls, ticket: Ticket) -> dict[str, Any]:
        return {
            "title": ticket.title,
            "description": ticket.description,
            "client": str(ticket.client.key) if ticket.client else "",
            "priority": ticket.priority,
            "assignee": str(ticket.assignee_id or ""),
            "external_url": ticket.external_url,
            "seen": ticket.version,
        }

    def tell_now(self, ticket: Ticket) -> None:
        """Somebody was faster: say what stands there now, and keep what was typed."""
        for name, now in self.values_of(ticket).items():
            typed = self.cleaned_data.get(name)
            if name != "seen" and (typed or "") != now:
                self.add_error(name, _changed(self, name, now))
        self.data = {**self.data, "seen": str(ticket.version)}


class QuickForm(forms.Form):
    """Status, priority and assignee, as small changes of a ticket that is open."""

    status = forms.ChoiceField(label=_("Status"), choices=TicketStatus.choices)
    priority = forms.ChoiceField(label=_("Priority"), choices=TicketPriority.choices)
    assignee = forms.ChoiceField(label=_("Assignee"), required=False)
    seen = _seen()

    def __init__(
        self, data: Any = None, *, people: Sequence[User], **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        offer_people(self, people)

    @classmethod
    def values_of(cls, ticket: Ticket) -> dict[str, Any]:
        return {
            "status": ticket.status,
            "priority": ticket.priority,
            "assignee": str(ticket.assignee_id or ""),
            "seen": ticket.version,
        }

    def tell_now(self, ticket: Ticket) -> None:
        for name, now in self.values_of(ticket).items():
            if name != "seen" and self.cleaned_data.get(name) != now:
                self.add_error(name, _changed(self, name, now))
        self.data = {**self.data, "seen": str(ticket.version)}


class CommentForm(_Keyed):
    """Whoever hears it is chosen each time; the team alone, unless somebody says otherwise."""

    text = forms.CharField(
        label=_("Comment"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "data-submit-keys": ""}),
    )
    audience = forms.ChoiceField(
        label=_("Who reads it"),
        choices=[
            ("team", _("Only the team")),
            ("client", _("The client as well")),
        ],
        initial="team",
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        self.renew_lost_key()
        return self.cleaned_data

    @property
    def is_public(self) -> bool:
        return bool(self.cleaned_data["audience"] == "client")


class TellForm(forms.Form):
    """`key` makes a form that is sent twice one telling."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)


class ClientCommentForm(_Keyed):
    """On the client's own page."""

    text = forms.CharField(
        label=_("Your answer"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        self.renew_lost_key()
        return self.cleaned_data


class BulkForm(forms.Form):
    """What is to become of a selection; empty leaves it as it is."""

    status = forms.ChoiceField(label=_("Status"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    assignee = forms.ChoiceField(label=_("Assignee"), required=False)

    def __init__(self, data: Any = None, *, people: Sequence[User]) -> None:
        super().__init__(data, auto_id="bulk_%s")  # beside the filters of the list
        as_it_is = ("", _("As it is"))
        named = [(str(one.pk), one.name or one.email) for one in people]
        for name, choices in (
            ("status", TicketStatus.choices),
            ("priority", TicketPriority.choices),
            ("assignee", [("none", _("Nobody")), *named]),
        ):
            field = cast("forms.ChoiceField", self.fields[name])
            field.choices = [as_it_is, *choices]

    @property
    def changes(self) -> dict[str, Any]:
        """As tickets.change takes them; the form is valid."""
        told = self.cleaned_data
        changes: dict[str, Any] = {
            name: told[name] for name in ("status", "priority") if told[name]
        }
        if told["assignee"]:
            changes["assignee_id"] = number_of(told["assignee"])
        return changes


def client_words(client: Client) -> str:
    """The client in a list to choose from."""
    number = phones.display(client.phone) if client.phone else ""
    told = [client.name[:80], number, client.email, client.oauth_id or ""]
    return " · ".join(one for one in told if one)


def offer_people(form: forms.Form, people: Sequence[User]) -> None:
    named: Choices = [(str(one.pk), one.name or one.email) for one in people]
    field = cast("forms.ChoiceField", form.fields["assignee"])
    field.choices = [("", _("Nobody")), *named]


def words_of(field: forms.Field) -> dict[Any, Any]:
    """What its choices are called."""
    return dict(cast("Choices", cast("forms.ChoiceField", field).choices))


def number_of(told: str | None) -> int | None:
    return int(told) if told and told.isdecimal() else None


def event_id(key: uuid.UUID, *words: str) -> str:
    """What makes a form that is sent twice one deed. Other words under the same key are
    another deed: somebody went back and wrote on."""
    return f"form:{uuid.uuid5(key, ' '.join(words))}"


def _changed(form: forms.Form, name: str, now: Any) -> str:
    """What stands there now, in the words of the field's own choices."""
    field = form.fields[name]
    said = now
    if isinstance(field, forms.ChoiceField):
        said = words_of(field).get(now, now)
    if now in ("", None):
        return str(_("Changed meanwhile. Now it is empty; save again for yours."))
    told = _("Changed meanwhile. Now it is “%(now)s”; save again for yours.")
    return str(told) % {"now": str(said)[:200]}
