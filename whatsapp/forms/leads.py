"""Forms of the lead list and of a lead's page."""

import datetime as dt
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from whatsapp.models import Confidence, Lead, Rule, Touch, TrackedLink
from whatsapp.selectors.lead_filters import LeadFilter

_DATE = {"type": "date"}
_EARLIEST, _LATEST = 1900, 9000  # years that every clock reaches
Choices = list[tuple[Any, Any]]


class LeadFilterForm(forms.Form):
    """The filters as they stand in the address. One that is impossible is named and left out."""

    q = forms.CharField(label=_("Name or phone"), max_length=200, required=False)
    rule = forms.ChoiceField(label=_("Found by"), required=False)
    link = forms.ChoiceField(label=_("Tracked link"), required=False)
    confidence = forms.ChoiceField(label=_("Confidence"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    since = forms.DateField(
        label=_("Since"),
        required=False,
        widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )

    def __init__(self, data: Any, *, links: list[str], stages: list[str]) -> None:
        super().__init__(data)
        every = [("", _("All"))]
        _offer(self, "rule", [*every, *Rule.choices])
        _offer(self, "confidence", [*every, *Confidence.choices])
        _offer(self, "link", [*every, *((slug, slug) for slug in links)])
        _offer(self, "stage", [*every, *((stage, stage) for stage in stages)])
        self.fields["q"].widget.input_type = "search"

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        since, until = told.get("since"), told.get("until")
        for name, day in (("since", since), ("until", until)):
            if day and not _EARLIEST <= day.year <= _LATEST:
                self.add_error(name, _("No lead is from that year."))
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        return told

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
    def filter(self) -> LeadFilter:
        self.is_valid()
        told = self.cleaned_data
        return LeadFilter(
            text=told.get("q") or "",
            rule=told.get("rule") or "",
            link=told.get("link") or "",
            confidence=told.get("confidence") or "",
            stage=told.get("stage") or "",
            since=_midnight(told.get("since")),
            before=_midnight(told.get("until"), days=1),
        )


def _midnight(day: dt.date | None, *, days: int = 0) -> dt.datetime | None:
    """When a day begins in the workspace's zone."""
    if day is None:
        return None
    moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min)
    return timezone.make_aware(moment)


def _offer(form: forms.Form, name: str, choices: Choices) -> None:
    cast("forms.ChoiceField", form.fields[name]).choices = choices


class LeadForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("Left empty, the next message fills in the name on WhatsApp."),
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    stage = forms.CharField(
        label=_("Stage"),
        max_length=40,
        required=False,
        help_text=_("Where the sale stands, in your own words: contact, proposal…"),
        widget=forms.TextInput(attrs={"list": "stages"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def tell_now(self, lead: Lead, *, mark: str) -> None:
        """Somebody was faster: say what stands there now, and keep what was typed."""
        for name in ("name", "email", "stage"):
            now = getattr(lead, name)
            if now != self.cleaned_data[name]:
                told = _(
                    "Changed meanwhile. Now it is “%(now)s”; save again for yours."
                )
                empty = _("Changed meanwhile. Now it is empty; save again for yours.")
                self.add_error(name, told % {"now": now} if now else empty)
        self.data = {**self.data, "seen": mark}


class CorrectionForm(forms.Form):
    """One of the lead's touches, a link of the workspace, or no origin; and why."""

    origin = forms.ChoiceField(label=_("Where this lead came from"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Kept with your name in the history of this origin."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    seen = forms.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(
        self,
        data: Any = None,
        *,
        touches: tuple[Touch, ...],
        links: list[TrackedLink],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self._touches = {f"touch-{touch.pk}": touch for touch in touches}
        self._links = {f"link-{link.key.hex}": link for link in links}
        known = [(value, _name(touch)) for value, touch in self._touches.items()]
        named = [(value, link.slug) for value, link in self._links.items()]
        choices: Choices = [("", _("Choose…"))]
        if known:
            choices.append((_("Known of this lead"), known))
        if named:
            choices.append((_("Tracked links"), named))
        choices.append(("none", _("No origin")))
        _offer(self, "origin", choices)

    def look_again(self, attribution_id: int | None) -> None:
        """Another verdict counts now: what was typed stays, for a second look."""
        self.errors.pop("seen", None)
        self.add_error(
            None,
            _("Another origin was found meanwhile. Look at it before correcting."),
        )
        self.data = {**self.data, "seen": attribution_id or ""}

    @property
    def touch(self) -> Touch | None:
        return self._touches.get(self.cleaned_data["origin"])

    @property
    def link(self) -> TrackedLink | None:
        return self._links.get(self.cleaned_data["origin"])


def _name(touch: Touch) -> str:
    what = touch.link.slug if touch.link else touch.headline or touch.ad_id
    when = date_format(timezone.localtime(touch.occurred_at), "SHORT_DATETIME_FORMAT")
    parts = [str(touch.get_kind_display()), (what or touch.utm_source)[:80], when]
    return " · ".join(part for part in parts if part)


class NoteForm(forms.Form):
    """`key` makes a form that is sent twice one note."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)
    text = forms.CharField(
        label=_("New note"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        """A key that got lost is nothing a person could mend: another one is given."""
        if "key" in self.errors:
            del self.errors["key"]
            self.data = {**self.data, "key": str(new_key())}
            self.add_error(None, _("This form was incomplete. Send it once more."))
        return self.cleaned_data
