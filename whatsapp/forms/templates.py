"""Forms of the templates' pages: the list's filters, the editor, and the name typed to delete."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from integrations.models import Channel
from whatsapp import phones, template_rules, template_words
from whatsapp.models import TemplateState
from whatsapp.selectors.templates import TemplateFilter
from whatsapp.template_rules import (
    LONGEST_BODY,
    LONGEST_BUTTON,
    LONGEST_FOOTER,
    LONGEST_HEADER,
    LONGEST_NAME,
    LONGEST_URL,
    MOST_BUTTONS,
    ButtonDraft,
    ButtonWord,
    Draft,
)

GONE: Final = "gone"
_PLAIN = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
_BUTTON_WORDS = [
    ("", pgettext_lazy("template button", "No button")),
    (ButtonWord.REPLY.value, pgettext_lazy("template button", "Quick reply")),
    (ButtonWord.URL.value, pgettext_lazy("template button", "Opens an address")),
    (ButtonWord.PHONE.value, pgettext_lazy("template button", "Calls a number")),
    (ButtonWord.CODE.value, pgettext_lazy("template button", "Copies a code")),
]
_KNOWN_BUTTONS: Final = frozenset(ButtonWord)
_WRONG_FIELD: Final = re.compile(r"button-(\d+)-(text|value|1)")
_SAMPLE: Final = "sample-"


class TemplateFilterForm(forms.Form):
    """The filters as they stand in the address. One that is impossible is left out."""

    q = forms.CharField(label=_("Name or text"), max_length=200, required=False)
    number = forms.ChoiceField(label=_("Number"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    category = forms.ChoiceField(label=_("Category"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(
        self, data: Any, *, channels: Sequence[Channel], languages: Sequence[str]
    ) -> None:
        super().__init__(data)
        every = [("", _("All"))]
        states = [one for one in TemplateState.choices if one[0] != "deleted"]
        gone = (GONE, pgettext_lazy("template", "Gone"))
        categories = list(template_words.CATEGORIES.items())
        told = [(code, template_words.language(code)) for code in languages]
        numbers = [(str(one.key), name_of(one)) for one in channels]
        self._offer("number", [*every, *numbers])
        self._offer("state", [*every, *states, gone])
        self._offer("category", [*every, *categories])
        self._offer("language", [*every, *told])
        self.fields["q"].widget.input_type = "search"

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    @property
    def filter(self) -> TemplateFilter:
        self.is_valid()
        told = self.cleaned_data
        number = told.get("number")
        return TemplateFilter(
            text=told.get("q", "").replace("\0", ""),
            channel=uuid.UUID(number) if number else None,
            state=told.get("state", ""),
            category=told.get("category", ""),
            language=told.get("language", ""),
        )


class TemplateForm(forms.Form):
    """The editor. `channels` are the numbers whose provider takes templates.

    Of a template that `is_known` the name and language stay; for every gap that the text has
    there is a field with an example, which comes and goes with the gap.
    """

    number = forms.ChoiceField(
        label=_("Number"),
        help_text=_("The template belongs to this number's account at the provider."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_(
            "Small letters, digits and underscores, such as pedido_enviado. Only your team sees it."
        ),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    language = forms.ChoiceField(label=_("Language"), choices=())
    category = forms.ChoiceField(
        label=_("Category"),
        choices=[
            ("utility", template_words.CATEGORIES["utility"]),
            ("marketing", template_words.CATEGORIES["marketing"]),
        ],
        help_text=_(
            "Utility is about something the person ordered or asked for. All else is marketing; WhatsApp moves or refuses what stands in the wrong one."
        ),
    )
    header = forms.CharField(
        label=_("Heading"),
        max_length=LONGEST_HEADER * 4,
        required=False,
        help_text=_("Optional, up to 60 characters, one gap at most."),
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_BODY * 4,
        required=False,  # the rules say it better
        help_text=_(
            "Up to 1,024 characters. Write {{1}}, {{2}} … where each person's own values go, with words around them."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    footer = forms.CharField(
        label=_("Footer"),
        max_length=LONGEST_FOOTER * 4,
        required=False,
        help_text=_("Optional, up to 60 characters, no gaps."),
    )

    def __init__(
        self,
        *args: Any,
        channels: Sequence[Channel],
        is_known: bool = False,
        keeps_category: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._channels = {str(channel.key): channel for channel in channels}
        choice = cast("forms.ChoiceField", self.fields["number"])
        choice.choices = [(key, name_of(one)) for key, one in self._channels.items()]
        language = cast("forms.ChoiceField", self.fields["language"])
        language.choices = self._languages()
        for name in ("number", "name", "language") if is_known else ():
            self.fields[name].disabled = True
        self.fields["category"].disabled = keeps_category
        for index in range(MOST_BUTTONS):
            self._add_button(index)
        self.sample_names = self._add_samples()

    def _languages(self) -> list[tuple[str, Any]]:
        told = dict(template_words.LANGUAGES)
        if code := self.initial.get("language"):
            told.setdefault(code, code)
        return list(told.items())

    def _add_button(self, index: int) -> None:
        fields = {
            "kind": forms.ChoiceField(
                label=_("Kind"), choices=_BUTTON_WORDS, required=False
            ),
            "text": forms.CharField(
                label=_("Text on the button"),
                max_length=LONGEST_BUTTON * 4,
                required=False,
            ),
            "value": forms.CharField(
                label=_("Address, number or code"),
                max_length=LONGEST_URL * 2,
                required=False,
                help_text=_("An address may end in {{1}}. A quick reply needs none."),
                widget=forms.TextInput(attrs=_PLAIN),
            ),
            "sample": forms.CharField(
                label=_("Example for {{1}} of the address"),
                max_length=LONGEST_URL,
                required=False,
                widget=forms.TextInput(attrs=_PLAIN),
            ),
        }
        for name, field in fields.items():
            self.fields[f"button_{index}_{name}"] = field

    def _add_samples(self) -> list[str]:
        """One field for each gap of what stands in the form at this moment."""
        names: list[str] = []
        for part in ("header", "body"):
            text = str((self.data.get(part) if self.is_bound else None) or "")
            text = text or str(self.initial.get(part) or "")
            for gap in template_rules.gaps_in(text)[: template_rules.MOST_GAPS]:
                if not re.fullmatch(r"\w{1,60}", gap, re.ASCII):
                    continue
                where = gettext("heading") if part == "header" else gettext("text")
                field = forms.CharField(
                    label=f"{{{{{gap}}}}} · {where}",
                    max_length=LONGEST_BODY,
                    required=False,
                )
                names.append(f"{_SAMPLE}{part}-{gap}")
                self.fields[names[-1]] = field
        return names

    @property
    def samples(self) -> list[forms.BoundField]:
        return [self[name] for name in self.sample_names]

    @property
    def buttons(self) -> list[dict[str, forms.BoundField]]:
        names = ("kind", "text", "value", "sample")
        return [
            {name: self[f"button_{index}_{name}"] for name in names}
            for index in range(MOST_BUTTONS)
        ]

    def clean_number(self) -> Channel | None:
        return self._channels.get(self.cleaned_data["number"])

    def clean_body(self) -> str:
        return str(self.cleaned_data["body"]).replace("\r\n", "\n").strip()

    def clean(self) -> dict[str, Any]:
        """The rules of WhatsApp, beside the fields that they are about."""
        for wrong in template_rules.check(self.draft):
            name = self._field_of(wrong.field)
            if name in self.fields and name not in self.errors:
                self.add_error(name, template_words.rule(wrong.problem, wrong.most))
        return self.cleaned_data

    def _field_of(self, told: str) -> str:
        found = _WRONG_FIELD.fullmatch(told)
        if found is not None:
            what = "sample" if found[2] == "1" else found[2]
            return f"button_{found[1]}_{what}"
        return told if told in self.fields else f"{_SAMPLE}{told}"

    @property
    def draft(self) -> Draft:
        """What stands in the form, whether it is right or not."""
        told = self.cleaned_data if hasattr(self, "cleaned_data") else {}
        return Draft(
            name=self._told(told, "name"),
            language=self._told(told, "language"),
            category=self._told(told, "category"),
            header=self._told(told, "header"),
            body=self._told(told, "body"),
            footer=self._told(told, "footer"),
            buttons=self._button_drafts(told),
            samples={
                name.removeprefix(_SAMPLE): self._told(told, name)
                for name in self.sample_names
            },
        )

    def _told(self, cleaned: Mapping[str, Any], name: str) -> str:
        if name in cleaned:
            return str(cleaned[name])
        if self.is_bound and not self.fields[name].disabled:
            return str(self.data.get(name, "")).strip()
        return str(self.initial.get(name, "") or "")

    def _button_drafts(self, cleaned: Mapping[str, Any]) -> tuple[ButtonDraft, ...]:
        """Those of a kind, in their order; gaps between them close."""
        found: list[ButtonDraft] = []
        for index in range(MOST_BUTTONS):
            kind = self._told(cleaned, f"button_{index}_kind")
            if kind in _KNOWN_BUTTONS:
                told = {
                    name: self._told(cleaned, f"button_{index}_{name}")
                    for name in ("text", "value", "sample")
                }
                found.append(ButtonDraft(ButtonWord(kind), **told))
        return tuple(found)

    @classmethod
    def values_of(cls, draft: Draft, channel: Channel | None) -> dict[str, str]:
        """A draft as the form's first values."""
        told = {
            "number": str(channel.key) if channel else "",
            "name": draft.name,
            "language": draft.language,
            "category": draft.category,
            "header": draft.header,
            "body": draft.body,
            "footer": draft.footer,
        }
        for index, button in enumerate(draft.buttons):
            told |= {
                f"button_{index}_kind": button.kind.value,
                f"button_{index}_text": button.text,
                f"button_{index}_value": button.value,
                f"button_{index}_sample": button.sample,
            }
        samples = {f"{_SAMPLE}{name}": one for name, one in draft.samples.items()}
        return told | samples


class DeleteForm(forms.Form):
    """The name is typed, so that nobody deletes another one than they think."""

    name = forms.CharField(
        label=_("Type the name to confirm"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(self, data: Any, *, name: str) -> None:
        super().__init__(data)
        self._name = name

    def clean_name(self) -> str:
        typed = str(self.cleaned_data["name"]).strip()
        if typed != self._name:
            raise forms.ValidationError(_("This is not the name of the template."))
        return typed


def name_of(channel: Channel) -> str:
    number = phones.display(channel.phone)
    return f"{channel.display_name} · {number}" if channel.display_name else number
