"""What an admin of the platform may ask of the record of sign-ins; it lives in the address."""

import ipaddress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.forms.period import PeriodForm
from accounts.selectors.sign_ins import Network, SignInFilter
from accounts.sso import outcomes

_SIGNED_IN, _REFUSED = "in", "refused"
_NOT_REFUSED = outcomes.DONE | {outcomes.NOT_REVOKED}
_FOLDED = ("since", "until", "address", "reference", "identity")


def _reasons() -> list[tuple[Any, Any]]:
    """By what the person read: all that share the words, or one of them."""
    offered: list[tuple[Any, Any]] = [("", _("Any reason"))]
    for name, title, codes in outcomes.reasons():
        if len(codes) == 1:
            offered.append((codes[0], title))
        else:
            single = [(code, code) for code in codes]
            offered.append((title, [(name, title), *single]))
    return offered


class SignInFilterForm(PeriodForm):
    """A filter that cannot be is an error beside its field; no row is shown for it."""

    person = forms.CharField(label=_("Person"), max_length=254, required=False)
    result = forms.ChoiceField(
        label=_("Result"),
        choices=[
            ("", _("Any result")),
            (_SIGNED_IN, _("Signed in")),
            (_REFUSED, _("Refused")),
        ],
        required=False,
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons, required=False)
    address = forms.CharField(
        label=_("Address (IP)"),
        max_length=50,
        required=False,
        help_text=_("One address, or a network such as 203.0.113.0/24."),
    )
    reference = forms.CharField(
        label=_("Code"),
        max_length=20,
        required=False,
        help_text=_("What the person reads on the page that refused them."),
    )
    identity = forms.CharField(
        label=_("Identity (digest)"),
        max_length=64,
        required=False,
        validators=[RegexValidator(r"\A[0-9a-f]{8,64}\Z")],
    )

    @property
    def folded(self) -> list[forms.BoundField]:
        """Those that few need: a page may fold them away."""
        return [self[name] for name in _FOLDED]

    @property
    def opens_folded(self) -> bool:
        return any(field.value() or field.errors for field in self.folded)

    def clean_address(self) -> Network | None:
        told = self.cleaned_data["address"].strip()
        if not told:
            return None
        try:
            return ipaddress.ip_network(told, strict=False)
        except ValueError:
            raise ValidationError(_("This is no address of a network.")) from None

    def clean_reference(self) -> str:
        """As people read it out: with spaces, in small letters."""
        told: str = self.cleaned_data["reference"]
        return "".join(told.split()).upper()

    @property
    def filter(self) -> SignInFilter:
        told = self.cleaned_data
        return SignInFilter(
            reference=told["reference"],
            person=told["person"],
            outcomes=_outcomes(told["result"], told["reason"]),
            without=_NOT_REFUSED if told["result"] == _REFUSED else (),
            network=told["address"],
            identity=told["identity"],
            since=self.begins_at,
            before=self.ends_before,
        )


def _outcomes(result: str, reason: str) -> frozenset[str] | None:
    """The codes that fit both; None is any, and an empty set none."""
    wanted = outcomes.SUCCESSES if result == _SIGNED_IN else None
    if not reason:
        return wanted
    groups = {name: codes for name, _title, codes in outcomes.reasons()}
    found = frozenset(groups.get(reason, (reason,)))
    return found if wanted is None else found & wanted
