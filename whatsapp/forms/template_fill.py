"""The fields of a template that a member fills in for one person, and what is sent of them."""

import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.keys import new_key
from integrations.providers.base.outgoing import (
    ButtonKind,
    Component,
    Media,
    OutgoingFile,
    Parameter,
    ParameterKind,
    Part,
    Place,
)
from integrations.providers.base.outgoing import Template as Content
from integrations.providers.base.types import MessageKind
from whatsapp import template_words
from whatsapp.models import Template
from whatsapp.services.templates import contract_of
from whatsapp.template_preview import field_of
from whatsapp.template_rules import LONGEST_BODY, LONGEST_CODE, LONGEST_URL

Gap = Mapping[str, Any]
_USUAL_TYPES: Final = {
    MessageKind.IMAGE: "image/jpeg",
    MessageKind.VIDEO: "video/mp4",
    MessageKind.DOCUMENT: "application/pdf",
}
_PLACE: Final = ("latitude", "longitude", "name", "address")


def fingerprint(template: Template) -> str:
    """Another one, as soon as anything is another that a person sees or fills in."""
    told = [contract_of(template.parameters), template.components]
    written = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:32]


class TemplateFillForm(forms.Form):
    """`draft` makes a form that is sent twice one message; `contract` is what it was made for."""

    draft = forms.UUIDField(widget=forms.HiddenInput, initial=new_key)
    contract = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, template: Template, defaults: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        self.gaps: Sequence[Gap] = template.parameters
        self.initial = {"contract": fingerprint(template), **defaults, **self.initial}
        self.fill_names: list[str] = []
        for gap in self.gaps:
            for name, field in _fields(gap):
                self.fields[name] = field
                self.fill_names.append(name)

    @property
    def fills(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fill_names]

    @property
    def has_changed_contract(self) -> bool:
        """The template is another one than the form was made for."""
        told = self.data.get("contract", "") if self.is_bound else ""
        return self.is_bound and told != fingerprint(self.template)

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields, for the preview."""
        return {name: str(self[name].value() or "").strip() for name in self.fill_names}

    @property
    def content(self) -> Content:
        """Of a form that is valid."""
        parts: dict[tuple[str, int], list[Parameter]] = {}
        for gap in self.gaps:
            place = str(gap.get("part")), int(gap.get("index", 0))
            parts.setdefault(place, []).append(self._parameter(gap))
        kinds = {
            int(gap.get("index", 0)): ButtonKind(gap["button"])
            for gap in self.gaps
            if gap.get("button")
        }
        components = tuple(
            Component(
                Part(part),
                tuple(parameters),
                index,
                kinds.get(index) if part == Part.BUTTON else None,
            )
            for (part, index), parameters in parts.items()
        )
        return Content(self.template.name, self.template.language, components)

    def _parameter(self, gap: Gap) -> Parameter:
        name = field_of(gap)
        kind = ParameterKind(gap.get("kind", ParameterKind.TEXT))
        if kind is ParameterKind.MEDIA:
            media = MessageKind(gap.get("media", MessageKind.IMAGE))
            return Parameter(kind, media=_media(media, self.cleaned_data[name]))
        if kind is ParameterKind.LOCATION:
            told = {one: self.cleaned_data[f"{name}-{one}"] for one in _PLACE}
            return Parameter(kind, place=Place(**told))
        written = str(gap.get("name", ""))
        is_named = bool(written) and not written.isdecimal()
        # WhatsApp refuses line breaks and runs of spaces in a value.
        text = " ".join(str(self.cleaned_data[name]).split())
        return Parameter(kind, text=text, name=written if is_named else "")


def _media(kind: MessageKind, url: str) -> Media:
    path = urlsplit(url).path
    guessed = mimetypes.guess_type(path)[0] or _USUAL_TYPES.get(kind, "")
    filename = path.rpartition("/")[2] if kind is MessageKind.DOCUMENT else ""
    return Media(kind, OutgoingFile(guessed, filename=filename[:240], url=url))


def _fields(gap: Gap) -> Iterator[tuple[str, forms.Field]]:
    name, label = field_of(gap), template_words.gap({**gap, "example": ""})
    match gap.get("kind"):
        case "media":
            yield (
                name,
                forms.URLField(
                    label=label,
                    max_length=LONGEST_URL,
                    assume_scheme="https",
                    help_text=_(
                        "The address of the file, with https://. WhatsApp fetches it from there, so everybody must be able to open it."
                    ),
                    widget=forms.URLInput(
                        attrs={"placeholder": "https://", "autocomplete": "off"}
                    ),
                ),
            )
        case "location":
            yield from _place_fields(name)
        case "code":
            yield name, forms.CharField(label=label, max_length=LONGEST_CODE)
        case _ if gap.get("part") == "button":
            yield (
                name,
                forms.RegexField(
                    r"^[^\s{}]+$",
                    label=label,
                    max_length=LONGEST_URL,
                    help_text=_("What comes after the address in the template."),
                    error_messages={"invalid": _("Spaces cannot be in an address.")},
                ),
            )
        case _:
            example = str(gap.get("example", ""))
            hint = _("Such as “%(example)s”.") % {"example": example}
            attrs = {"list": "template-suggestions", "autocomplete": "off"}
            yield (
                name,
                forms.CharField(
                    label=label,
                    max_length=LONGEST_BODY,
                    help_text=hint if example else "",
                    widget=forms.TextInput(attrs=attrs),
                ),
            )


def _place_fields(name: str) -> Iterator[tuple[str, forms.Field]]:
    labels = {"latitude": _("Latitude"), "longitude": _("Longitude")}
    for one, limit in (("latitude", 90), ("longitude", 180)):
        yield (
            f"{name}-{one}",
            forms.FloatField(label=labels[one], min_value=-limit, max_value=limit),
        )
    yield f"{name}-name", forms.CharField(label=_("Name of the place"), max_length=200)
    yield f"{name}-address", forms.CharField(label=_("Address"), max_length=300)
