"""Forms of notifications: a line of the table, a test of it, how a workspace tells."""

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any, Final, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from integrations.models import Channel
from tickets import notification_texts as texts
from tickets import notification_words as words
from tickets.forms.tickets import Choices
from tickets.models import (
    Audience,
    EventKind,
    NotificationRule,
    NotificationSettings,
)
from tickets.services.rules import RuleValues, SettingsValues
from whatsapp import phones, template_preview, template_words
from whatsapp.models import Template

_LONGEST_VALUE: Final = 500
_TEXT_ONLY: Final = ("text",)


def offered(templates: Sequence[Template]) -> list[Template]:
    """Those whose gaps are texts: a picture or a place is nothing that a ticket has."""
    return [
        one
        for one in templates
        if all(gap.get("kind", "text") in _TEXT_ONLY for gap in one.parameters)
    ]


class RuleForm(forms.Form):
    """`templates` may be chosen, `channels` are the numbers it may be bound to."""

    event = forms.ChoiceField(
        label=_("When"),
        choices=[(one.value, words.EVENT_WORDS[one]) for one in words.EVENTS],
    )
    audience = forms.ChoiceField(label=_("Who is told"), choices=Audience.choices)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=texts.LONGEST,
        help_text=_(
            "Written freely to whoever wrote within 24 hours, or on a number that has no"
            " such window. It is the e-mail too, unless that has words of its own below."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    template = forms.ChoiceField(
        label=_("Template"),
        required=False,
        help_text=_(
            "For everybody else: WhatsApp takes nothing but approved templates."
        ),
    )
    channel = forms.ChoiceField(
        label=_("From the number"),
        required=False,
        help_text=_("Of itself, each client hears from the number they wrote to."),
    )
    email_subject = forms.CharField(
        label=_("Subject of the e-mail"),
        required=False,
        max_length=200,
        help_text=_("Empty: the ticket's number and title."),
    )
    email_body = forms.CharField(
        label=_("Text of the e-mail"),
        required=False,
        max_length=10_000,
        help_text=_("Empty: the text above."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    is_active = forms.BooleanField(label=_("Switched on"), required=False)
    seen = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        templates: Sequence[Template],
        channels: Sequence[Channel],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._templates = {str(one.key): one for one in templates}
        self._channels = {str(one.key): one for one in channels}
        none: Choices = [("", _("None"))]
        self._offer(
            "template",
            [
                *none,
                *(
                    (key, f"{one.name} · {template_words.language(one.language)}")
                    for key, one in self._templates.items()
                ),
            ],
        )
        self._offer(
            "channel",
            [
                ("", _("Whichever the client knows")),
                *(
                    (key, phones.titled(one.display_name, one.phone))
                    for key, one in self._channels.items()
                ),
            ],
        )
        told = (
            data.get("template") if data is not None else self.initial.get("template")
        )
        self.chosen = self._templates.get(str(told or ""))
        self.gap_names: list[str] = []
        for gap in self.chosen.parameters if self.chosen else []:
            name = f"gap-{template_preview.field_of(gap)}"
            self.gap_names.append(name)
            self.fields[name] = forms.CharField(
                label=template_words.gap({**gap, "example": ""}),
                max_length=_LONGEST_VALUE,
                required=False,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def _offer(self, name: str, choices: Choices) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    @property
    def gaps(self) -> list[forms.BoundField]:
        return [self[name] for name in self.gap_names]

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        for name in ("text", "email_subject", "email_body", *self.gap_names):
            self._check_variables(name)
        if told.get("audience") == Audience.ASSIGNEE:
            if not (told.get("text") or told.get("email_body")):
                self.add_error("text", _("Write what the e-mail says."))
        elif not (told.get("text") or self.chosen or told.get("email_body")):
            self.add_error("text", _("Write a text, or choose a template."))
        for name in self.gap_names:
            if not told.get(name) and name not in self.errors:
                self.add_error(name, _("Fill this in: WhatsApp takes no empty field."))
        event, audience = told.get("event"), told.get("audience")
        if event == EventKind.REPLIED and audience == Audience.CLIENT:
            self.add_error("audience", _("Clients know what they wrote themselves."))
        return told

    def _check_variables(self, name: str) -> None:
        unknown = texts.unknown_variables(self.cleaned_data.get(name) or "")
        if unknown:
            told = _("There is no variable %(name)s. Use one of those below.")
            self.add_error(name, str(told) % {"name": unknown[0][:60]})

    @property
    def values(self) -> RuleValues:
        """Of a form that is valid."""
        told = self.cleaned_data
        channel = self._channels.get(told["channel"])
        is_client = told["audience"] == Audience.CLIENT
        chosen = self.chosen if is_client else None
        return RuleValues(
            event=told["event"],
            audience=told["audience"],
            language=told["language"],
            channel_id=channel.pk if channel else None,
            template=chosen,
            template_values={
                name.removeprefix("gap-"): told[name] for name in self.gap_names
            }
            if chosen
            else {},
            text=told["text"].strip(),
            email_subject=told["email_subject"].strip(),
            email_body=told["email_body"].strip(),
            is_active=told["is_active"],
        )

    @classmethod
    def values_of(cls, rule: NotificationRule) -> dict[str, Any]:
        return {
            "event": rule.event,
            "audience": rule.audience,
            "language": rule.language,
            "channel": str(rule.channel.key) if rule.channel else "",
            "template": str(rule.template.key) if rule.template else "",
            "text": rule.text,
            "email_subject": rule.email_subject,
            "email_body": rule.email_body,
            "is_active": rule.is_active,
            "seen": rule.version,
            **{f"gap-{name}": text for name, text in rule.template_values.items()},
        }


class TryForm(forms.Form):
    """To whom a test goes; `key` makes a form that is sent twice one message, `read_phone`
    knows how people of the workspace write numbers."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)
    number = forms.CharField(
        label=_("To the number"),
        max_length=40,
        help_text=_("Your own phone, say. It goes out for real."),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        read_phone: Callable[[str], str | None] = phones.to_e164,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._read_phone = read_phone

    def clean_number(self) -> str:
        number = self._read_phone(self.cleaned_data["number"])
        if number is None:
            raise ValidationError(
                _("This is no phone number. Write it as +55 11 98765-4321.")
            )
        return number


class SettingsForm(forms.Form):
    """How a workspace tells: quiet hours, repetitions, e-mail, the number of strangers."""

    is_quiet = forms.BooleanField(
        label=_("Keep quiet hours: what happens in them is told when they end"),
        required=False,
    )
    quiet_from = forms.TimeField(
        label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Until"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    urgent_is_exempt = forms.BooleanField(
        label=_("Urgent tickets wake people"), required=False
    )
    repeat_minutes = forms.IntegerField(
        label=_("Minutes in which the same is not told again"),
        min_value=0,
        max_value=10_080,
        help_text=_(
            "A ticket that is resolved, opened and resolved again within this time is told"
            " as resolved once: what a client was told last is not said twice. 0 tells"
            " every time."
        ),
    )
    sends_email = forms.BooleanField(
        label=_("Write an e-mail to whom WhatsApp does not reach"), required=False
    )
    channel = forms.ChoiceField(
        label=_("Number that writes first"),
        required=False,
        help_text=_("To clients who never wrote to any of your numbers."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        row: NotificationSettings,
        channels: Sequence[Channel],
    ) -> None:
        chosen = next((one for one in channels if one.pk == row.channel_id), None)
        super().__init__(
            data,
            initial={
                "is_quiet": row.is_quiet,
                "quiet_from": _clock(row.quiet_from),
                "quiet_until": _clock(row.quiet_until),
                "urgent_is_exempt": row.urgent_is_exempt,
                "repeat_minutes": row.repeat_minutes,
                "sends_email": row.sends_email,
                "channel": str(chosen.key) if chosen else "",
            },
        )
        self._channels = {str(one.key): one for one in channels}
        field = cast("forms.ChoiceField", self.fields["channel"])
        field.choices = [
            ("", _("The first one that can send")),
            *(
                (key, phones.titled(one.display_name, one.phone))
                for key, one in self._channels.items()
            ),
        ]

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        begins, ends = told.get("quiet_from"), told.get("quiet_until")
        if told.get("is_quiet") and begins is not None and begins == ends:
            self.add_error(
                "quiet_until", _("The quiet hours must end at another time.")
            )
        return told

    @property
    def values(self) -> SettingsValues:
        told = self.cleaned_data
        channel = self._channels.get(told["channel"])
        return SettingsValues(
            is_quiet=told["is_quiet"],
            quiet_from=_minutes(told["quiet_from"]),
            quiet_until=_minutes(told["quiet_until"]),
            urgent_is_exempt=told["urgent_is_exempt"],
            sends_email=told["sends_email"],
            repeat_minutes=told["repeat_minutes"],
            channel_id=channel.pk if channel else None,
        )


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
