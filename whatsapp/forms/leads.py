"""Forms of the lead list and of a lead's page."""

from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from whatsapp.forms.days import DaysForm, day_field
from whatsapp.models import (
    Cause,
    Confidence,
    Lead,
    Rule,
    Touch,
    TouchKind,
    TrackedLink,
)
from whatsapp.selectors.lead_filters import ANY, COUNTED, NONE, LeadFilter

Choices = list[tuple[Any, Any]]
_ORIGINS: Choices = [
    (ANY, _("Every origin")),
    *TouchKind.choices,
    (NONE, _("Without origin")),
    (COUNTED, _("All but tests")),
]
# Filters whose name and value stand in the address as the list takes them.
_PLAIN = ("origin", "source", "campaign", "ad", "lacks", "reason")
_LACKING: Choices = [
    ("source", _("The source")),
    ("campaign", _("The campaign")),
    ("link", _("The link")),
    ("ad", _("The ad")),
]


class LeadFilterForm(DaysForm):
    """The filters of the lead list, as they stand in the address."""

    no_such_year = _("No lead is from that year.")

    q = forms.CharField(label=_("Name or phone"), max_length=200, required=False)
    rule = forms.ChoiceField(label=_("Found by"), required=False)
    link = forms.ChoiceField(label=_("Tracked link"), required=False)
    confidence = forms.ChoiceField(label=_("Confidence"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    since = day_field(_("Since"))
    until = day_field(_("Until"))
    origin = forms.ChoiceField(label=_("Origin"), required=False)
    source = forms.CharField(
        label=_("Source (utm_source)"), max_length=200, required=False
    )
    campaign = forms.CharField(label=_("Campaign"), max_length=200, required=False)
    ad = forms.CharField(label=_("Ad id"), max_length=100, required=False)
    lacks = forms.ChoiceField(label=_("Missing in the origin"), required=False)
    reason = forms.ChoiceField(label=_("Why without origin"), required=False)
    won = forms.ChoiceField(label=_("Sale"), required=False)
    talk = forms.ChoiceField(label=_("Conversation"), required=False)
    silent = forms.ChoiceField(label=_("Opt-out"), required=False)

    def __init__(self, data: Any, *, links: list[str], stages: list[str]) -> None:
        super().__init__(data)
        every = [("", _("All"))]
        self.offer("rule", [*every, *Rule.choices])
        self.offer("confidence", [*every, *Confidence.choices])
        self.offer("link", [*every, *((slug, slug) for slug in links)])
        self.offer("stage", [*every, *((stage, stage) for stage in stages)])
        self.offer("origin", [*every, *_ORIGINS])
        self.offer("lacks", [*every, *_LACKING])
        self.offer("reason", [*every, *Cause.choices])
        self.offer("won", [*every, ("1", _("Won"))])
        self.offer("talk", [*every, ("1", _("Has one"))])
        self.offer("silent", [*every, ("1", _("Asked not to be written to"))])
        self.fields["q"].widget.input_type = "search"

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
            since=self.since_at,
            before=self.before_at,
            **{name: told.get(name) or "" for name in _PLAIN},
            is_won=bool(told.get("won")),
            has_talked=bool(told.get("talk")),
            is_silent=bool(told.get("silent")),
        )


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
