"""Forms of the number page: its name, and the number typed to remove it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from integrations import gateway
from integrations.models import Channel
from integrations.providers.base.capabilities import Capability
from integrations.services.acts import LONGEST_NAME


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_(
            "As your team knows it, such as Sales or Front desk. People on WhatsApp do "
            "not see it."
        ),
    )


class MessageLinkForm(forms.Form):
    """`longest` is how many characters its provider takes."""

    text = forms.CharField(
        label=_("Message already written"),
        help_text=_(
            "People may change it before sending. It is all that tells you later which "
            "link they came by."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any, *, longest: int) -> None:
        super().__init__(data)
        self._longest = longest

    def clean_text(self) -> str:
        text = "\n".join(str(self.cleaned_data["text"]).splitlines())
        if len(text) > self._longest:
            over = len(text) - self._longest
            raise forms.ValidationError(
                ngettext(
                    "%(number)s character too many.",
                    "%(number)s characters too many.",
                    over,
                ),
                params={"number": over},
            )
        return text


class ReceiptsForm(forms.Form):
    """What a provider cannot show stands there too, greyed out: so it is not looked for."""

    marks_read = forms.BooleanField(
        label=_("Show people that their messages were read"),
        required=False,
        help_text=_(
            "They see the two blue ticks as soon as somebody of your team has read the "
            "conversation here. Without it they see that the message arrived, no more."
        ),
    )
    shows_typing = forms.BooleanField(
        label=_("Show people that somebody is writing"),
        required=False,
        help_text=_(
            "While somebody of your team writes an answer, they see “typing…” for some "
            "seconds. At Meta and 360dialog this shows the blue ticks too."
        ),
    )

    def __init__(self, data: Any, *, channel: Channel) -> None:
        can = gateway.capabilities_of(channel.provider)
        super().__init__(
            data,
            initial={
                "marks_read": channel.marks_read and Capability.MARK_READ in can,
                "shows_typing": channel.shows_typing and Capability.TYPING in can,
            },
        )
        self.fields["marks_read"].disabled = Capability.MARK_READ not in can
        self.fields["shows_typing"].disabled = Capability.TYPING not in can

    @property
    def can_nothing(self) -> bool:
        return all(field.disabled for field in self.fields.values())


class RemoveForm(forms.Form):
    """The number is typed, so that nobody removes another one than they think."""

    number = forms.CharField(
        label=_("Type the number to confirm"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )

    def __init__(self, data: Any, *, channel: Channel) -> None:
        super().__init__(data)
        self._channel = channel

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"])
        if _digits(typed) != _digits(self._channel.phone):
            raise forms.ValidationError(
                _("This is not the number of this page. Type it with its country code.")
            )
        return typed


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit() and one.isascii())
