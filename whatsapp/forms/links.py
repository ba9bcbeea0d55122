"""What members fill in. The builder of a tracked link, and which stages count as won."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from integrations.models import Channel
from whatsapp import phones
from whatsapp.models import TrackedLink
from whatsapp.models.link import slug_is_plain
from whatsapp.services.links import UTM_FIELDS


class LinkForm(forms.Form):
    """`channels` are the numbers to choose from, read beforehand."""

    slug = forms.CharField(
        label=_("Address"),
        max_length=64,
        help_text=_("Small letters, digits and hyphens. It comes after /r/."),
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    channel = forms.ChoiceField(
        label=_("Number"), help_text=_("Where the conversation will begin.")
    )
    prefilled_text = forms.CharField(
        label=_("Message already written"),
        max_length=500,
        required=False,
        help_text=_("The visitor may change it before sending. Up to 500 characters."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    landing_url = forms.URLField(
        label=_("Page where the link stands"),
        max_length=1000,
        required=False,
        assume_scheme="https",
        help_text=_(
            "Optional. Recado looks every day whether the page still has the link and"
            " keeps the parameters of ads."
        ),
        validators=[URLValidator(schemes=["http", "https"])],
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    utm_source = forms.CharField(
        label=pgettext_lazy("utm", "Source"), max_length=200, required=False
    )
    utm_medium = forms.CharField(
        label=pgettext_lazy("utm", "Medium"), max_length=200, required=False
    )
    utm_campaign = forms.CharField(
        label=pgettext_lazy("utm", "Campaign"), max_length=200, required=False
    )
    utm_content = forms.CharField(
        label=pgettext_lazy("utm", "Content"), max_length=200, required=False
    )
    utm_term = forms.CharField(
        label=pgettext_lazy("utm", "Term"), max_length=200, required=False
    )

    def __init__(self, *args: Any, channels: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._channels = {str(channel.key): channel for channel in channels}
        choice = cast("forms.ChoiceField", self.fields["channel"])
        choice.choices = [
            (key, phones.titled(one.display_name, one.phone))
            for key, one in self._channels.items()
        ]

    @classmethod
    def values_of(cls, link: TrackedLink) -> dict[str, str]:
        names = ("slug", "prefilled_text", "landing_url", *UTM_FIELDS)
        return {
            "channel": str(link.channel.key),
            **{name: getattr(link, name) for name in names},
        }

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        slug_is_plain(slug)
        return slug

    def clean_prefilled_text(self) -> str:
        text: str = self.cleaned_data["prefilled_text"]
        return text.replace("\r\n", "\n")

    def clean_channel(self) -> Channel:
        return self._channels[self.cleaned_data["channel"]]

    def refuse(self, problems: dict[str, str]) -> None:
        """Put what the service refused beside its field, in the reader's language."""
        if problems.pop("slug", None):
            self.add_error("slug", ValidationError(gettext("This address is taken.")))
        for name, why in problems.items():
            self.add_error(name, why)

    @property
    def utm(self) -> dict[str, str]:
        return {name: self.cleaned_data.get(name, "") for name in UTM_FIELDS}

    def as_link(self) -> TrackedLink | None:
        """What the fields that are right would make; None without a number to lead to."""
        cleaned = getattr(self, "cleaned_data", {})
        channel = cleaned.get("channel") or next(iter(self._channels.values()), None)
        if channel is None:
            return None
        return TrackedLink(
            channel=channel,
            slug=cleaned.get("slug", ""),
            prefilled_text=cleaned.get("prefilled_text", ""),
            **{name: cleaned.get(name, "") for name in UTM_FIELDS},
        )


class WonStagesForm(forms.Form):
    """`stages` are those in use and those chosen before, read beforehand."""

    won = forms.MultipleChoiceField(
        label=_("Stages that count as won"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, stages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.MultipleChoiceField", self.fields["won"])
        choice.choices = [(stage, stage) for stage in stages]


class LinkTestForm(forms.Form):
    """`key` makes a form that is sent twice one test."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)
