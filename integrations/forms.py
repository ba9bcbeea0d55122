"""The forms in which an admin enters the credentials of a provider, built from its own fields.

One connects a number, one replaces what a connected number has; both look and speak alike.
They are checked by the adapter, so that the pages and the command agree. A secret is never
written into the page again: a form comes back without it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import words
from integrations.models import Problem
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.credentials import MISSING, MOST, PHONE, Field
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services.credentials import Stored
from integrations.services.places import PlaceTaken
from integrations.services.sessions import SessionFailed

_ADDRESSES: Final = ("base_url", "address")
# Which field a problem is shown at, where the error does not name it itself.
_NUMBER: Final = ("phone_number",)


class ProviderForm(forms.Form):
    """The fields of a provider, and what its adapter or the provider itself says of them."""

    adapter: Adapter
    wanted: Sequence[Field]

    @property
    def entered(self) -> dict[str, str]:
        """What was filled in, without what is ours."""
        found = self.cleaned_data
        return {one.name: str(found.get(one.name, "")).strip() for one in self.wanted}

    def refuse(self, problems: Mapping[str, str]) -> None:
        """The adapter's reasons in the reader's language; they hold no value."""
        fields = {field.name: field for field in self.wanted}
        for name, problem in problems.items():
            if name not in fields:  # nobody can mend it in this form
                self.add_error(None, f"{name}: {gettext(problem)}")
            elif name not in self.errors:
                self.add_error(name, _refusal(fields[name], problem))

    def add_failure(self, failure: SessionFailed) -> None:
        """Say at the field it is about, or above all, why the provider let nobody in."""
        label = self.adapter.label
        foreign = self._foreign() if failure.problem == Problem.KEY_WRONG else None
        if foreign is not None:
            name, other = foreign
            text = gettext(
                "This looks like a key of %(other)s, not of %(provider)s. Copy the right one."
            )
            self.add_error(name, text % {"other": other, "provider": label})
            return
        why = words.on_entering(failure.problem, provider=label)
        self.add_error(self._place(failure), why)
        said = words.reason(failure.reason)
        if said:
            text = gettext("%(provider)s says: %(said)s")
            self.add_error(None, text % {"provider": label, "said": said})

    def refuse_place(self, taken: PlaceTaken) -> None:
        """Another number of the workspace lives where this one should."""
        text = gettext(
            "The number %(number)s is connected here already, and only one fits. Give this "
            "number a place of its own, or remove the other one first."
        )
        self.add_error(taken.field, text % {"number": taken.channel.phone})

    def _place(self, failure: SessionFailed) -> str | None:
        """The name of the field that a failure is about, if it is one's."""
        if failure.code in self.fields:
            return failure.code
        names = [field.name for field in self.wanted]
        places: dict[Problem, Iterable[str]] = {
            Problem.KEY_WRONG: self._keys,
            Problem.PERMISSION_MISSING: self._keys,
            Problem.NUMBER_WRONG: _NUMBER,
            Problem.UNREACHABLE: _ADDRESSES,
            Problem.UNREADABLE: _ADDRESSES,
            Problem.REFUSED: _ADDRESSES if failure.code.startswith("not_") else (),
        }
        return next(
            (one for one in places.get(failure.problem, ()) if one in names), None
        )

    def _foreign(self) -> tuple[str, str] | None:
        """The field that holds what can only be another provider's key, and whose."""
        entered = self.entered
        for slug in registry.slugs():
            other = registry.get(slug)
            if slug == self.adapter.slug or not other.key_pattern:
                continue
            for name in self._keys:
                if other.is_key(entered[name]):
                    return name, other.label
        return None

    @property
    def _keys(self) -> list[str]:
        return [one.name for one in self.wanted if one.is_secret and not one.is_made]


class ConnectForm(ProviderForm):
    """`draft` makes a form that is sent twice add one number."""

    draft = forms.UUIDField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("How your team knows this number: Sales, Downtown shop …"),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        adapter: Adapter,
        kind: str,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}) | {"draft": uuid.uuid4()})
        self.adapter = adapter
        self.wanted = adapter.fields_of(kind)
        for field in self.wanted:
            self.fields[field.name] = _control(field)

    def main_fields(self) -> list[forms.BoundField]:
        names = [field.name for field in self.wanted if not field.may_be_empty]
        return [self[name] for name in ("name", *names)]

    def further_fields(self) -> list[forms.BoundField]:
        """What may stay empty: most people never look at it."""
        return [self[field.name] for field in self.wanted if field.may_be_empty]

    @property
    def has_errors_further(self) -> bool:
        return any(field.errors for field in self.further_fields())

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        try:
            cleaned["credentials"] = self.adapter.validate_credentials(self.entered)
        except CredentialsInvalid as invalid:
            self.refuse(invalid.problems)
        return cleaned


class ReplaceForm(ProviderForm):
    """No secret comes back: an empty one keeps what is stored."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any, *, adapter: Adapter, stored: Stored) -> None:
        super().__init__(data, initial={"version": stored.version, **stored.plain})
        self.adapter = adapter
        self.wanted = stored.fields
        for field in self.wanted:
            self.fields[field.name] = _control(field, is_kept=stored.is_readable)


def _control(field: Field, *, is_kept: bool = False) -> forms.CharField:
    """`is_kept` says that what is left empty stays as it was, where it is a secret."""
    attributes = {"spellcheck": "false", "autocapitalize": "none"}
    notes = [gettext(field.help)] if field.help else []
    may_be_empty = field.may_be_empty
    widget: forms.Widget
    if field.is_secret:
        # Not the person's own password: no manager shall offer or keep one.
        attributes["autocomplete"] = "new-password"
        widget = forms.PasswordInput(attrs=attributes, render_value=False)
        if is_kept:
            may_be_empty = True
            notes.append(gettext("Leave it empty to keep the one in use."))
    elif field.pattern == PHONE:
        widget = forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
    else:
        widget = forms.TextInput(attrs=attributes | {"autocomplete": "off"})
    return forms.CharField(
        label=gettext(field.label),
        help_text=" ".join(notes),
        required=not may_be_empty,
        max_length=MOST,
        widget=widget,
    )


def _refusal(field: Field, problem: str) -> str:
    if problem == MISSING:
        return gettext("Fill this in.")
    text = gettext("This does not look right. Expected: %(expected)s.")
    return text % {"expected": gettext(field.expected)}
