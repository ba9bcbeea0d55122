"""The forms of events between systems."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrations import callbacks
from tickets import event_kinds
from tickets.models import DeliveryState, Subscription
from tickets.selectors.subscriptions import DeliveryFilter
from tickets.services.subscriptions import Facts
from whatsapp.forms.days import DaysForm, day_field, midnight

_OVERLAPS: Final = [
    ("86400", _("One day")),
    ("604800", _("One week")),
    ("3600", _("One hour")),
    ("0", _("Not at all: the old one has leaked")),
]
_REFUSED: Final = {
    "too_long": _("This address is too long."),
    "malformed": _("Write a whole address, as https://example.com/events."),
    "credentials": _("Leave name and password out of the address."),
    "https_only": _("Only https: what is told is for the receiver alone."),
    "port": _("Only the usual port of https, 443."),
    "private": _(
        "This address is inside a network and not reached from outside. Whoever looks"
        " after the installation can let it through by name."
    ),
}


class NameForm(forms.Form):
    """Of a system that tells us."""

    name = forms.CharField(
        label=_("Name of the system"),
        max_length=80,
        help_text=_(
            "As your team calls it: it stands in tickets and in the audit log."
        ),
    )

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()


class RotateForm(forms.Form):
    overlap = forms.TypedChoiceField(
        label=_("The old secret goes on counting for"),
        coerce=int,
        choices=_OVERLAPS,
    )

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.cleaned_data["overlap"])


class DeleteForm(forms.Form):
    """The name is typed, so that nobody deletes another one than they think."""

    name = forms.CharField(
        label=_("Type the name to confirm"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, expected: str) -> None:
        super().__init__(data)
        self._expected = expected

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"])
        if typed.split() != self._expected.split():
            raise ValidationError(_("This is not the name that stands above."))
        return typed


class SubscriptionForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the system"),
        max_length=80,
        help_text=_("As your team calls it."),
    )
    url = forms.CharField(
        label=_("Its address"),
        max_length=callbacks.LONGEST,
        help_text=_("Where it takes events, as https://example.com/events."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    with_private = forms.BooleanField(
        label=_("Private comments too"),
        required=False,
        help_text=_("What members write among themselves. Off: they stay here."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kinds = {
            f"kind_{kind.replace('.', '_')}": kind for kind in event_kinds.OUTGOING
        }
        for name, kind in self._kinds.items():
            self.fields[name] = forms.BooleanField(
                label=event_kinds.OUTGOING[kind], required=False
            )

    @classmethod
    def values_of(cls, subscription: Subscription | None) -> dict[str, Any]:
        """What stands in it at first."""
        chosen = subscription.kinds if subscription is not None else event_kinds.USUAL
        told: dict[str, Any] = {
            f"kind_{kind.replace('.', '_')}": True for kind in chosen
        }
        if subscription is not None:
            told |= {
                name: getattr(subscription, name)
                for name in ("name", "url", "with_private")
            }
        return told

    @property
    def kind_fields(self) -> list[tuple[BoundField, str]]:
        return [(self[name], kind) for name, kind in self._kinds.items()]

    @property
    def facts(self) -> Facts:
        told = self.cleaned_data
        return Facts(
            name=told["name"],
            url=told["url"],
            kinds=[kind for name, kind in self._kinds.items() if told.get(name)],
            with_private=told["with_private"],
        )

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        problem = callbacks.refusal(url)
        if problem:
            raise ValidationError(_REFUSED[problem], code=problem)
        return url

    def clean(self) -> None:
        if not any(self.cleaned_data.get(name) for name in self._kinds):
            raise ValidationError(_("Choose at least one event."))


class DeliveryFilterForm(DaysForm):
    """One that is impossible is named and left out."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), *DeliveryState.choices],
    )
    kind = forms.ChoiceField(label=pgettext_lazy("event", "Type"), required=False)
    since = day_field(_("Since"))
    until = day_field(_("Until"))
    no_such_year = _("No event is from that year.")

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        kinds = [*event_kinds.OUTGOING, event_kinds.TEST]
        self.offer("kind", [("", _("All")), *((kind, kind) for kind in kinds)])

    @property
    def filter(self) -> DeliveryFilter:
        self.is_valid()
        told = self.cleaned_data
        return DeliveryFilter(
            state=told.get("state") or "",
            kind=told.get("kind") or "",
            since=self.since_at,
            before=self.before_at,
        )


class AgainForm(forms.Form):
    """All that were given up since a day."""

    failed_since = forms.DateField(
        label=_("All given up since"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def since(self) -> datetime:
        return midnight(self.cleaned_data["failed_since"])

    def clean_failed_since(self) -> Any:
        day = self.cleaned_data["failed_since"]
        if not 2000 <= day.year <= timezone.localdate().year + 1:
            raise ValidationError(_("No event is from that year."))
        return day
