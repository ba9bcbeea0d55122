"""What an admin types about a number's hours and what it answers by itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.forms import BoundField
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from whatsapp import auto_texts, closed_days, hours
from whatsapp.auto_texts import CLOSED, GAPS_IN, GREETING, LANGUAGES
from whatsapp.closed_days import NotADay, OwnDay
from whatsapp.forms.occasions import OccasionsForm, Texts
from whatsapp.hours import Overlapping, Unclear
from whatsapp.models import Responder

_LONGEST_DAY = 100
_MOST_DAYS = 100
# In the order of how many of our customers are there; each with its states.
COUNTRIES: Mapping[str, Promise] = {
    "BR": _("Brazil"),
    "PT": _("Portugal"),
    "AR": _("Argentina"),
    "AO": _("Angola"),
    "BO": _("Bolivia"),
    "CL": _("Chile"),
    "CO": _("Colombia"),
    "CR": _("Costa Rica"),
    "DO": _("Dominican Republic"),
    "EC": _("Ecuador"),
    "SV": _("El Salvador"),
    "GT": _("Guatemala"),
    "MX": _("Mexico"),
    "MZ": _("Mozambique"),
    "PA": _("Panama"),
    "PY": _("Paraguay"),
    "PE": _("Peru"),
    "ES": _("Spain"),
    "GB": _("United Kingdom"),
    "US": _("United States"),
    "UY": _("Uruguay"),
    "VE": _("Venezuela"),
}
OCCASIONS = {
    CLOSED: _("When you are closed"),
    GREETING: _("We got it"),
}
# The field that turns each of them on.
_WANTED = {CLOSED: "answers_closed", GREETING: "greets"}


def place_choices() -> list[tuple[Any, Any]]:
    """No holidays, or those of a country, or of one of its states as well."""
    groups: list[tuple[Any, Any]] = [("", pgettext("holidays", "None"))]
    for country, name in COUNTRIES.items():
        whole = gettext("%(country)s, the whole country") % {"country": name}
        states = [
            (f"{country}-{code}", f"{label} ({code})")
            for code, label in closed_days.subdivisions(country)
        ]
        groups.append((str(name), [(country, whole), *states]))
    return groups


class HoursForm(OccasionsForm):
    occasions_told = OCCASIONS

    answers_closed = forms.BooleanField(
        label=_("Answer when you are closed"), required=False
    )
    greets = forms.BooleanField(
        label=_("Say “we got it” to whoever begins a conversation while you are open"),
        required=False,
    )
    place = forms.ChoiceField(
        label=_("Holidays"), required=False, choices=place_choices
    )
    with_optional = forms.BooleanField(
        label=_("Also days that many take off, such as Carnival"), required=False
    )
    closed_days = forms.CharField(
        label=_("Days you close besides"),
        required=False,
        max_length=8000,
        help_text=_(
            "One a line, such as 24/12 Year-end break. Without a year it is every year."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    open_days = forms.CharField(
        label=_("Holidays on which you open"),
        required=False,
        max_length=8000,
        help_text=_("One a line, such as 20/11. Your usual hours of the day count."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    quiet_hours = forms.IntegerField(
        label=_("A conversation is over after (hours)"),
        min_value=1,
        max_value=168,
        help_text=_(
            "Without a message of either side for this long, the next one begins anew and "
            "is answered again."
        ),
    )
    attended_minutes = forms.IntegerField(
        label=_("Stay silent while your team is at it (minutes)"),
        min_value=0,
        max_value=1440,
        help_text=_("Counted from when a person answered, took it, or began to write."),
    )
    fresh_minutes = forms.IntegerField(
        label=_("Answer only messages newer than (minutes)"),
        min_value=1,
        max_value=1440,
        help_text=_(
            "After an outage, nobody gets an answer to what they wrote long ago."
        ),
    )

    def __init__(
        self, data: Any = None, *, responder: Responder, language: str
    ) -> None:
        super().__init__(
            data,
            initial=_initial(responder),
            texts=_texts_of(responder, language),
            language=language,
        )
        for day, label in WEEKDAYS.items():
            self.fields[f"day_{day}"] = forms.CharField(
                label=label,
                required=False,
                max_length=_LONGEST_DAY,
                widget=forms.TextInput(
                    attrs={
                        "autocomplete": "off",
                        "placeholder": pgettext_lazy("hours", "Closed"),
                    }
                ),
            )
        self.add_texts()

    def text_help(self, language: str) -> str:
        return _gaps_help(language)

    # --- for the page -----------------------------------------------------------
    def days(self) -> Iterator[BoundField]:
        return (self[f"day_{day}"] for day in WEEKDAYS)

    # --- checks -----------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        cleaned["week"] = tuple(self._day(day) for day in WEEKDAYS)
        for name in ("closed_days", "open_days"):
            if name in cleaned:
                cleaned[name] = self._days(name)
        for what in OCCASIONS:
            self.check_gaps(what)
            has_error = any(f"{what}_{one}" in self.errors for one in LANGUAGES)
            if cleaned.get(_WANTED[what]) and not has_error:
                self.require_text(what)
        needs_hours = cleaned.get("answers_closed") or cleaned.get("greets")
        if needs_hours and not self.errors and not any(cleaned["week"]):
            self.add_error(
                "day_0", gettext("Say when you are open, on at least one day.")
            )
        return cleaned

    def _day(self, day: int) -> tuple[hours.Span, ...]:
        name = f"day_{day}"
        try:
            return hours.read_day(self.cleaned_data.get(name, ""))
        except Overlapping:
            self.add_error(name, gettext("Two of these times overlap."))
        except Unclear:
            self.add_error(
                name,
                gettext("Write it like 9:00-12:00, 13:00-18:00, or leave it empty."),
            )
        return ()

    def _days(self, name: str) -> list[OwnDay]:
        try:
            found = closed_days.read_days(self.cleaned_data[name])
        except NotADay as error:
            told = gettext("“%(line)s” is no day. Write it like 24/12 or 24/12/2026.")
            self.add_error(name, told % {"line": error.line[:40]})
            return []
        if len(found) > _MOST_DAYS:
            told = gettext("These are more days than fit: at most %(most)s.")
            self.add_error(name, told % {"most": _MOST_DAYS})
        return found

    @property
    def values(self) -> dict[str, Any]:
        """The columns of a Responder."""
        told = self.cleaned_data
        plain = (
            *("answers_closed", "greets", "place", "with_optional"),
            *("quiet_hours", "attended_minutes", "fresh_minutes"),
        )
        return {
            **{name: told[name] for name in plain},
            "week": hours.stored_week(told["week"]),
            "closed_days": closed_days.stored(told["closed_days"]),
            "open_days": closed_days.stored(told["open_days"]),
            "texts": self.texts,
        }


def _texts_of(responder: Responder, language: str) -> Texts:
    """What rests in the row; a number without one begins with our texts and no hours."""
    texts: Texts = responder.texts
    return texts or {
        what: {language: auto_texts.DEFAULTS[what].get(language, "")}
        for what in OCCASIONS
    }


def _initial(responder: Responder) -> dict[str, Any]:
    week = hours.week_of(responder.week)
    return {
        "answers_closed": responder.answers_closed,
        "greets": responder.greets,
        "place": responder.place,
        "with_optional": responder.with_optional,
        "closed_days": closed_days.write_days(
            closed_days.of_stored(responder.closed_days)
        ),
        "open_days": closed_days.write_days(closed_days.of_stored(responder.open_days)),
        "quiet_hours": responder.quiet_hours,
        "attended_minutes": responder.attended_minutes,
        "fresh_minutes": responder.fresh_minutes,
        **{f"day_{day}": hours.write_day(spans) for day, spans in enumerate(week)},
    }


def _gaps_help(language: str) -> str:
    name, opening, business = GAPS_IN[language]
    told = gettext(
        "%(name)s becomes their first name, %(opening)s when you open next, %(business)s "
        "the name of your workspace."
    )
    return told % {"name": name, "opening": opening, "business": business}


class MomentForm(forms.Form):
    """When somebody writes, for the preview. A moment that is none is now."""

    at = forms.DateTimeField(
        label=_("If somebody writes on"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "form": "hours-form"},
            format="%Y-%m-%dT%H:%M",
        ),
    )

    def moment(self, zone: ZoneInfo, *, now: datetime) -> datetime:
        told = self.cleaned_data.get("at") if self.is_valid() else None
        return told.replace(tzinfo=zone) if told is not None else now.astimezone(zone)
