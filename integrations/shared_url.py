"""The webhook URL that many numbers share: whose body it is, told by the numbers in it."""

from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings

from integrations import gateway
from integrations.gateway import Endpoint, EndpointNotFound
from integrations.providers import registry
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import SignatureInvalid, Unreadable
from integrations.providers.base.types import (
    Acknowledgement,
    Ignored,
    NumberRef,
    RawRequest,
)
from integrations.selectors import routing


def senders(raw: RawRequest) -> tuple[tuple[str, ...], bool]:
    """The providers that may have sent this to the shared URL; and whether it is proven.

    Told without looking into the body: either the one whose secret of this installation
    proves it, or those whose kind of proof is there at all. SignatureInvalid for none.
    """
    possible: list[str] = []
    for slug in _sharing():
        try:
            registry.get(slug).authenticate_webhook(raw, _installation_secrets(slug))
        except SignatureInvalid as invalid:
            if not invalid.is_missing:
                possible.append(slug)
        else:
            return (slug,), True
    if not possible:
        raise SignatureInvalid("no proof of any kind", is_missing=True)
    return tuple(possible), False


def numbers_in(
    body: bytes, providers: Iterable[str]
) -> dict[str, tuple[NumberRef, ...]]:
    """For each provider that could have sent this body to the shared URL: the numbers.

    They are the numbers of the parsed events themselves, so that nobody can be authenticated
    for one number and then be heard for another. A body nobody can read still maps to
    every provider with no number, because its sender may be genuine: it is then kept.
    """
    possible: dict[str, tuple[NumberRef, ...]] = {}
    for slug in providers:
        try:
            events = registry.get(slug).parse(body, {})
        except Unreadable:
            events = []
        numbers = {
            event.number: None
            for event in events
            if not isinstance(event, Ignored)
            and event.number not in {None, NumberRef()}
        }
        possible[slug] = tuple(numbers)
    return possible


def load_endpoints(
    possible: Mapping[str, Sequence[NumberRef]],
) -> list[Endpoint]:
    """The endpoints a body on the shared URL may belong to, named numbers first."""
    named: list[Endpoint] = []
    unnamed: list[Endpoint] = []
    for slug, numbers in possible.items():
        installation = _installation_secrets(slug)
        integrations = routing.list_integrations_by_number(slug, numbers)
        if integrations:
            only = integrations[0] if len(integrations) == 1 else None
            groups = tuple(
                (*gateway.proofs_of(integration), *installation)
                for integration in integrations
            )
            named.append(
                Endpoint(
                    provider=slug,
                    workspace_id=only.workspace_id if only else None,
                    integration_id=only.pk if only else None,
                    secrets=groups,
                )
            )
        elif installation:
            unnamed.append(Endpoint(slug, None, None, (installation,)))
    return named + unnamed


def authenticate(endpoints: Sequence[Endpoint], raw: RawRequest) -> Endpoint:
    """The first endpoint whose secrets prove the sender, else SignatureInvalid."""
    refusal = SignatureInvalid("no number of ours and no secret of this installation")
    for endpoint in endpoints:
        try:
            gateway.authenticate(endpoint, raw)
        except SignatureInvalid as error:
            refusal = error
        else:
            return endpoint
    raise refusal


def handshake(raw: RawRequest) -> Acknowledgement:
    """Answer the GET that confirms the shared URL."""
    for slug in _sharing():
        adapter = registry.get(slug)
        if Capability.HANDSHAKE in adapter.capabilities:
            return adapter.handshake(raw, _installation_secrets(slug))
    raise EndpointNotFound


def _sharing() -> list[str]:
    return [
        slug
        for slug in registry.slugs()
        if Capability.SHARED_URL in registry.get(slug).capabilities
    ]


def _installation_secrets(slug: str) -> tuple[Credentials, ...]:
    secrets = {
        name: value
        for name, value in settings.INSTALLATION_SECRETS.get(slug, {}).items()
        if value
    }
    return (secrets,) if secrets else ()
