"""What one can do with a simulated phone; each form knows the message it makes.

`views.sandbox` shows and reads them, `integrations.services.sandbox` posts what comes out.
"""

import uuid
from abc import abstractmethod
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrations.providers.base.types import (
    DeliveryStatus,
    MediaRef,
    MessageKind,
    Referral,
)

LONGEST_TEXT = 4096
LONGEST_ID = 128
EMOJI = ("👍", "❤️", "😂", "😮", "😢", "🙏")
# What the simulated phone has of each kind: see the provider's samples.
FILES = {
    MessageKind.IMAGE: ("image/png", ""),
    MessageKind.VOICE: ("audio/wav", ""),
    MessageKind.AUDIO: ("audio/wav", ""),
    MessageKind.VIDEO: ("video/webm", ""),
    MessageKind.DOCUMENT: ("application/pdf", "sandbox.pdf"),
    MessageKind.STICKER: ("image/png", ""),
}


def _target() -> forms.CharField:
    return forms.CharField(max_length=LONGEST_ID, widget=forms.HiddenInput)


class PhoneForm(forms.Form):
    """One thing sent. Its draft number makes the message's id: sent again, it is the same."""

    intent: ClassVar[str]
    draft = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, **options: Any) -> None:
        options["initial"] = {"draft": uuid.uuid4()} | options.get("initial", {})
        super().__init__(data, auto_id=f"{self.intent}_%s", **options)

    @property
    def message_id(self) -> str:
        return f"sandbox-{self.cleaned_data['draft'].hex}"


class MessageForm(PhoneForm):
    """One message of the customer. (No ABC: Django's forms have a metaclass of their own.)"""

    @abstractmethod
    def message(self) -> dict[str, Any]:
        """What `sandbox.message` takes beside the id, the sender and the time."""


class TextForm(MessageForm):
    intent = "text"
    text = forms.CharField(
        label=_("Message"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Message")}),
    )
    target = forms.CharField(
        max_length=LONGEST_ID, required=False, widget=forms.HiddenInput
    )

    def message(self) -> dict[str, Any]:
        return {
            "text": self.cleaned_data["text"],
            "reply_to": self.cleaned_data["target"] or None,
        }


class AdForm(MessageForm):
    intent = "ad"
    headline = forms.CharField(
        label=_("Headline of the ad"), max_length=200, initial=_("Free first visit")
    )
    source_id = forms.CharField(
        label=_("Ad id"), max_length=100, initial="120200000000001"
    )
    source_url = forms.URLField(
        label=_("Address of the ad"),
        max_length=500,
        assume_scheme="https",
        initial="https://www.instagram.com/p/sandbox/",
    )
    ctwa_clid = forms.CharField(
        label=_("Click id (ctwa_clid)"),
        max_length=512,
        required=False,
        initial="sandbox-click-1",
    )
    text = forms.CharField(
        label=_("Message"),
        max_length=LONGEST_TEXT,
        initial=_("Hello! I saw your ad."),
    )

    def message(self) -> dict[str, Any]:
        told = self.cleaned_data
        referral = Referral(
            ctwa_clid=told["ctwa_clid"] or None,
            source_type="ad",
            source_id=told["source_id"],
            source_url=told["source_url"],
            headline=told["headline"],
        )
        return {"text": told["text"], "referral": referral}


# How ids of files begin that the simulated provider has no more; see its samples.
GONE = "gone"


class FileForm(MessageForm):
    intent = "file"
    kind = forms.ChoiceField(
        label=_("File"),
        choices=[
            (MessageKind.IMAGE.value, _("Image")),
            (MessageKind.VOICE.value, _("Voice message")),
            (MessageKind.AUDIO.value, _("Audio")),
            (MessageKind.VIDEO.value, _("Video")),
            (MessageKind.DOCUMENT.value, _("Document")),
            (MessageKind.STICKER.value, _("Sticker")),
        ],
    )
    text = forms.CharField(label=_("Caption"), max_length=1024, required=False)
    is_gone = forms.BooleanField(
        label=_("It has expired at the provider"), required=False
    )

    def message(self) -> dict[str, Any]:
        kind = MessageKind(self.cleaned_data["kind"])
        mime_type, filename = FILES[kind]
        media = MediaRef(
            kind=kind,
            external_id=f"{GONE if self.cleaned_data['is_gone'] else 'file'}-{self.message_id}",
            mime_type=mime_type,
            filename=filename or None,
        )
        return {"kind": kind, "text": self.cleaned_data["text"], "media": media}


class PlaceForm(MessageForm):
    intent = "place"
    name = forms.CharField(label=_("Name of the place"), max_length=200, initial="MASP")
    latitude = forms.FloatField(
        label=_("Latitude"), min_value=-90, max_value=90, initial=-23.5614
    )
    longitude = forms.FloatField(
        label=_("Longitude"), min_value=-180, max_value=180, initial=-46.6559
    )

    def message(self) -> dict[str, Any]:
        told = self.cleaned_data
        at = {"latitude": told["latitude"], "longitude": told["longitude"]}
        return {"kind": MessageKind.LOCATION, "text": told["name"], "content": at}


class CardForm(MessageForm):
    intent = "card"
    name = forms.CharField(label=_("Name"), max_length=100)
    phone = forms.CharField(
        label=_("Phone"), max_length=30, initial="+55 11 97777-0000"
    )

    def message(self) -> dict[str, Any]:
        name = self.cleaned_data["name"]
        card = {
            "name": {"formatted_name": name},
            "phones": [{"phone": self.cleaned_data["phone"]}],
        }
        return {
            "kind": MessageKind.CONTACTS,
            "text": name,
            "content": {"contacts": [card]},
        }


class AnswerForm(MessageForm):
    intent = "answer"
    kind = forms.ChoiceField(
        label=_("Answer"),
        choices=[
            (MessageKind.BUTTON_REPLY.value, _("Button tapped")),
            (MessageKind.LIST_REPLY.value, _("Option chosen")),
        ],
    )
    text = forms.CharField(
        label=_("Words on it"), max_length=100, initial=_("Yes, please")
    )
    id = forms.CharField(
        label=_("Its id"), max_length=100, required=False, initial="opt-1"
    )

    def message(self) -> dict[str, Any]:
        told = self.cleaned_data
        return {
            "kind": MessageKind(told["kind"]),
            "text": told["text"],
            "content": {"id": told["id"]} if told["id"] else {},
        }


class ReactionForm(MessageForm):
    intent = "reaction"
    target = _target()
    emoji = forms.ChoiceField(
        choices=[("", ""), *((one, one) for one in EMOJI)], required=False
    )

    def message(self) -> dict[str, Any]:
        return {
            "kind": MessageKind.REACTION,
            "text": self.cleaned_data["emoji"],
            "reply_to": self.cleaned_data["target"],
        }


class RevokeForm(MessageForm):
    intent = "revoke"
    target = _target()

    def message(self) -> dict[str, Any]:
        return {"kind": MessageKind.REVOKE, "reply_to": self.cleaned_data["target"]}


class StatusForm(PhoneForm):
    """How far a message of ours got: no message of the customer, so it makes none."""

    intent = "status"
    target = _target()
    word = forms.ChoiceField(
        choices=[
            (DeliveryStatus.SENT.value, pgettext_lazy("delivery status", "Sent")),
            (DeliveryStatus.DELIVERED.value, _("Delivered")),
            (DeliveryStatus.READ.value, _("Read")),
            (DeliveryStatus.FAILED.value, _("Failed")),
        ]
    )


class LinkForm(PhoneForm):
    """Opens a tracked link: the click is real, the text lands in the composer."""

    intent = "link"
    link = forms.ChoiceField(label=_("Tracked link"))
    token = forms.ChoiceField(
        label=_("Its token"),
        choices=[
            ("intact", _("Intact")),
            ("swapped", _("Two letters swapped (can be rescued)")),
            ("halved", _("Half of it missing (beyond rescue)")),
            ("removed", _("Deleted by the customer")),
        ],
    )

    def __init__(
        self, data: Any = None, *, links: list[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.fields["link"].choices = links  # type: ignore[attr-defined]  # a ChoiceField


PLAIN_FORMS: tuple[type[MessageForm] | type[StatusForm], ...] = (
    TextForm,
    AdForm,
    FileForm,
    PlaceForm,
    CardForm,
    AnswerForm,
    ReactionForm,
    RevokeForm,
    StatusForm,
)


def damage(token: str, how: str) -> str | None:
    """What is left of a token after a customer edited the text around it."""
    if how == "swapped":
        for at in range(len(token) - 1):
            if token[at] != token[at + 1]:
                return token[:at] + token[at + 1] + token[at] + token[at + 2 :]
    if how == "halved":
        return token[: len(token) // 2]
    return None if how == "removed" else token


class PhoneSettings(forms.Form):
    """Lives in the address: who writes, and how the provider behaves today."""

    number = forms.RegexField(r"^\+?[\d ().-]{8,24}$", required=False)
    name = forms.CharField(max_length=100, required=False)
    delivery = forms.ChoiceField(
        label=_("The provider delivers"),
        required=False,
        choices=[
            ("", _("Once, as it should")),
            ("twice", _("Twice, the same message")),
            ("forged", _("With a wrong signature")),
        ],
    )
    late = forms.TypedChoiceField(
        label=_("When it was written"),
        required=False,
        coerce=int,
        choices=[
            ("", _("Now")),
            ("120", _("2 minutes ago (arrives out of order)")),
            ("3600", _("1 hour ago")),
            ("90000", _("25 hours ago (window closed)")),
        ],
    )

    def clean_number(self) -> str:
        digits = "".join(filter(str.isdecimal, self.cleaned_data["number"]))
        if digits and not (digits.isascii() and 8 <= len(digits) <= 15):
            raise forms.ValidationError(_("Write 8 to 15 digits, with country code."))
        return digits


class NewCustomerForm(PhoneSettings):
    """The part of the address that says who writes, as fields to fill in."""

    number = forms.RegexField(
        r"^\+?[\d ().-]{8,24}$",
        label=_("Phone with country code"),
        error_messages={"invalid": _("Write 8 to 15 digits, with country code.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    field_order = ("name", "number")

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, auto_id="new_%s", **options)
