"""What each provider can do for a workspace, in words for who chooses one.

Read from what the adapters declare: a provider that is added tells about itself.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.models import SessionKind
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability

# What a capability means for people, whether a provider has it or not.
_DEEDS: Final[tuple[tuple[Capability, str | Promise], ...]] = (
    (Capability.RECEIVE, _("receive messages")),
    (Capability.SEND, _("send answers")),
    (Capability.ECHOES, _("show what the phone answers")),
    (Capability.REFERRAL, _("tell which ad a person came from")),
    (Capability.HISTORY_SYNC, _("bring earlier messages along")),
    (Capability.TEMPLATES, _("start conversations by templates")),
    (Capability.WEBHOOK_BY_API, _("set up its webhook by itself")),
)
_WAYS: Final[dict[str, tuple[str | Promise, str | Promise]]] = {
    SessionKind.CREDENTIALS: (
        _("With keys"),
        _("Copy the keys of a number that is set up there already."),
    ),
    SessionKind.EXTERNAL_LINK: (
        _("By a link"),
        _(
            "Next you open a link, choose the number there, and come back. No keys to copy."
        ),
    ),
    SessionKind.OTP: (
        _("By a code from a call or SMS"),
        _("WhatsApp tells the code to the number itself."),
    ),
    SessionKind.QR: (
        _("By scanning a QR code"),
        _("Next you scan a code with the phone of this number, as for WhatsApp Web."),
    ),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way in of a provider."""

    kind: str
    label: str | Promise
    text: str | Promise


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider as its card shows it; `about` is an English message id."""

    slug: str
    label: str
    about: str
    ways: tuple[Way, ...]
    can: tuple[str | Promise, ...]
    cannot: tuple[str | Promise, ...]


def list_offers() -> list[Offer]:
    """Every provider this installation offers, in the order of the registry."""
    return [_offer(registry.get(slug)) for slug in registry.slugs()]


def find_offer(slug: str) -> Offer | None:
    try:
        return _offer(registry.get(slug))
    except registry.UnknownProvider:
        return None


def way(kind: str) -> Way:
    return Way(kind, *_WAYS[kind])


def _offer(adapter: Adapter) -> Offer:
    has = adapter.capabilities
    return Offer(
        slug=adapter.slug,
        label=adapter.label,
        about=adapter.about,
        ways=tuple(way(kind) for kind in adapter.session_kinds()),
        can=tuple(deed for which, deed in _DEEDS if which in has),
        cannot=tuple(deed for which, deed in _DEEDS if which not in has),
    )
