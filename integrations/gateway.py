"""THE DOOR: everything between Recado and a provider passes here.

It unseals credentials, picks the adapter and calls it. The rooms above know providers by
slug alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.scoping import workspace_transaction
from accounts.vault import SecretContext, VaultError, unseal_json
from integrations import news, proofs, settling, webhook_tokens, wire
from integrations.http import DEADLINE, Client
from integrations.models import Channel, ChannelLog, Integration
from integrations.news import SIGN_IS_FRESH as SIGN_IS_FRESH  # noqa: PLC0414  # what others say about numbers
from integrations.news import STAMP_EVERY as STAMP_EVERY  # noqa: PLC0414
from integrations.news import News as News  # noqa: PLC0414
from integrations.news import Sign as Sign  # noqa: PLC0414
from integrations.news import note_news as note_news  # noqa: PLC0414
from integrations.news import note_silence as note_silence  # noqa: PLC0414
from integrations.pools import asking_threads as asking_threads  # noqa: PLC0414  # for rooms above
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter, Credentials
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import Refused
from integrations.providers.base.outgoing import (
    MessageRef,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.types import (
    Acknowledgement,
    Event,
    MessageLink,
    Party,
    RawRequest,
)
from integrations.selectors import routing


class EndpointNotFound(LookupError):
    """No webhook URL of ours; the same answer as for any page that does not exist."""


class CredentialsUnreadable(Exception):
    """The vault does not open an integration's credentials: the operator must look."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who a webhook URL belongs to, with what proves its sender.

    Every group of `secrets` must be satisfied by one of its members: a token URL has one
    group; a body that names numbers of several integrations has one for each of them.
    """

    provider: str
    workspace_id: int | None
    integration_id: int | None
    secrets: tuple[tuple[Credentials, ...], ...] = field(repr=False)
    # SHA-256 of the URL's token while nobody was seen to use it: see confirm_url().
    new_token: bytes = field(default=b"", repr=False)


def credentials_context(integration: Integration) -> SecretContext:
    return SecretContext(
        purpose="integration-credentials",
        column="integrations_integration.credentials",
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
        secret_version=integration.secret_version,
    )


def unseal_credentials(integration: Integration) -> Credentials:
    """The plain credentials, or CredentialsUnreadable. Keep them for seconds at most."""
    try:
        credentials: Credentials = unseal_json(
            integration.credentials, credentials_context(integration)
        )
    except VaultError:
        raise CredentialsUnreadable(f"integration {integration.pk}") from None
    return credentials


def load_endpoint(token_digest: bytes) -> Endpoint:
    """The endpoint of a webhook URL with a token, or EndpointNotFound."""
    integration = routing.find_integration_by_token(token_digest)
    if integration is None or integration.provider not in registry.slugs():
        raise EndpointNotFound
    workspace_id = integration.workspace_id
    is_used = webhook_tokens.is_confirmed(workspace_id, token_digest)
    return Endpoint(
        provider=integration.provider,
        workspace_id=workspace_id,
        integration_id=integration.pk,
        secrets=(proofs_of(integration),),
        new_token=b"" if is_used else token_digest,
    )


def confirm_url(endpoint: Endpoint) -> None:
    """The provider has posted to a new URL, proven: the ones before it have a week left."""
    if endpoint.workspace_id is not None and endpoint.integration_id is not None:
        webhook_tokens.confirm(
            endpoint.workspace_id, endpoint.integration_id, endpoint.new_token
        )


def authenticate(endpoint: Endpoint, raw: RawRequest) -> None:
    """Return when the sender is proven for every group, else raise SignatureInvalid."""
    adapter = registry.get(endpoint.provider)
    for group in endpoint.secrets:
        adapter.authenticate_webhook(raw, group)


def handshake(endpoint: Endpoint, raw: RawRequest) -> Acknowledgement:
    """Answer the GET that confirms a webhook URL with a token."""
    return registry.get(endpoint.provider).handshake(raw, endpoint.secrets[0])


def acknowledge(endpoint: Endpoint, raw: RawRequest) -> Acknowledgement:
    return registry.get(endpoint.provider).acknowledge(raw)


def kept_headers(provider: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The request headers that may rest beside a body; the ones that prove do not."""
    kept = registry.get(provider).webhook_headers
    return {name: headers[name] for name in sorted(kept) if name in headers}


def storable(provider: str, body: bytes) -> bytes:
    """The body as it may rest: as it came, less the keys that some gateways put into it."""
    return registry.get(provider).without_secrets(body)


def parse(provider: str, body: bytes, headers: Mapping[str, str]) -> list[Event]:
    """Turn a stored body into events. Raises Unreadable or UnknownProvider."""
    return registry.get(provider).parse(body, headers)


def learn_external_id(channel_id: int, external_id: str, *, workspace_id: int) -> None:
    """Note the provider's id of a number that was connected by its phone alone."""
    with workspace_transaction(workspace_id):
        Channel.objects.for_workspace(workspace_id).filter(
            pk=channel_id, external_id=None
        ).update(external_id=external_id)


@dataclass(frozen=True, slots=True)
class Line:
    """A provider, ready to be asked for one integration. Keep it for seconds at most."""

    adapter: Adapter
    credentials: Credentials = field(repr=False)
    http: Client


def open_line(
    integration: Integration,
    *,
    channel_id: int | None = None,
    deadline: float = DEADLINE,
    budget: float | None = None,
    failures: list[ChannelLog] | None = None,
) -> Line:
    """Raises CredentialsUnreadable or registry.UnknownProvider. Use it outside transactions.

    `budget`, `failures`: see http.Client.
    """
    adapter = registry.get(integration.provider)
    credentials = unseal_credentials(integration)
    return Line(
        adapter,
        credentials,
        Client(
            workspace_id=integration.workspace_id,
            integration_id=integration.pk,
            channel_id=channel_id,
            redact_keys=adapter.redact_keys,
            secrets=secrets_of(adapter, credentials),
            deadline=deadline,
            budget=budget,
            failures=failures,
        ),
    )


def secrets_of(adapter: Adapter, credentials: Credentials) -> list[str]:
    return [credentials[name] for name in adapter.secret_fields if name in credentials]


# --- sending --------------------------------------------------------------------
def send(
    channel: Channel,
    message: OutgoingMessage,
    *,
    line: Line | None = None,
    turn: wire.Turn | None = None,
) -> SendResult:
    """Send one message through a number of ours, or raise a ProviderError.

    Throttled, Unreachable and Unavailable mean that nothing was sent and trying again is
    safe; Refused and its kinds that it never will be. Anything else, whatever is raised,
    leaves open whether it was sent. `line` is one that is open already: who sends many
    messages opens the credentials once. `turn` is called when the connection stands and the
    request is to be written: it waits, and tells for how many seconds. Call it outside of
    transactions.
    """
    if line is None:
        if channel.integration is None:
            raise Refused("number_gone")
        line = open_line(channel.integration, channel_id=channel.pk)
    token = wire.turn.set(turn)
    try:
        return line.adapter.send(message, line.credentials, line.http)
    finally:
        wire.turn.reset(token)


def capabilities_of(provider: str) -> frozenset[Capability]:
    """What a provider can do; nothing where there is none of that name."""
    try:
        return registry.get(provider).capabilities
    except registry.UnknownProvider:
        return frozenset()


def message_link_text(provider: str) -> int:
    """How long the text of a message link may be; 0 where the provider keeps no such links."""
    try:
        return registry.get(provider).message_link_text
    except registry.UnknownProvider:
        return 0


def list_message_links(line: Line) -> list[MessageLink]:
    """Short links that the provider keeps for this number. Raises a ProviderError."""
    return line.adapter.list_message_links(line.credentials, line.http)


def create_message_link(text: str, *, line: Line) -> MessageLink:
    """Another one. Raises a ProviderError."""
    return line.adapter.create_message_link(text, line.credentials, line.http)


def delete_message_link(external_id: str, *, line: Line) -> None:
    """Nothing when it is gone already. Raises a ProviderError."""
    line.adapter.delete_message_link(external_id, line.credentials, line.http)


def find_sent(
    channel: Channel, callback_token: str, *, line: Line
) -> SendResult | None:
    """Ask the provider about a message whose sending nobody heard the end of."""
    return line.adapter.find_message(callback_token, line.credentials, line.http)


def find_by_lid(lid: str, *, line: Line) -> Party | None:
    """Ask the provider whose phone a hidden id stands for. Raises a ProviderError."""
    return line.adapter.find_by_lid(lid, line.credentials, line.http)


def mark_read(
    channel: Channel, message: MessageRef, person: Party, *, line: Line
) -> None:
    """Show the person that this message was read. Raises a ProviderError."""
    line.adapter.mark_read(message, person, line.credentials, line.http)


def show_typing(
    channel: Channel, message: MessageRef, person: Party, *, line: Line
) -> None:
    """Show the person for some seconds that somebody writes. Raises a ProviderError."""
    line.adapter.show_typing(message, person, line.credentials, line.http)


def ask_soon(channel_ids: Collection[int], *, workspace_id: int) -> None:
    """A provider refused our key: let the monitor find out how the numbers stand."""
    with workspace_transaction(workspace_id):
        for session in news.held(workspace_id, channel_ids):
            session.next_check_at = settling.database_now()
            session.save(update_fields=["next_check_at"])


def proofs_of(integration: Integration) -> tuple[Credentials, ...]:
    current = unseal_credentials(integration)
    return proofs.accepted(integration, current, now=timezone.now())
