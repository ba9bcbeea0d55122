"""Connecting a provider account: its credentials, its number, its webhook URL.

The credentials are sealed before they are stored, and the token of the webhook URL exists
only in the answer given here.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import phonenumbers
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.keys import new_key
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from accounts.vault import seal_json
from integrations import claims, gateway, health, webhook_tokens
from integrations.models import (
    Channel,
    ChannelState,
    Integration,
    Session,
    SessionKind,
    SessionState,
)
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import CredentialsInvalid
from integrations.providers.base.phones import canonical, variants
from integrations.providers.base.types import NumberRef
from integrations.services import places, webhook_urls

logger = logging.getLogger("integrations")


class NameInvalid(Exception):
    """The integration cannot be called so; the text says why."""


class NumberTaken(Exception):
    """The number is live already. Whose it is stays unsaid: it may be another workspace's.

    `channel` is the one that holds it, where it is the asker's own.
    """

    def __init__(self, channel: Channel | None = None) -> None:
        super().__init__("is connected already, here or in another workspace")
        self.channel = channel


class AddedAlready(Exception):
    """The same form came twice; `channel` is what the first one connected."""

    def __init__(self, channel: Channel) -> None:
        super().__init__("this very number was added just before")
        self.channel = channel


@dataclass(frozen=True, slots=True)
class Connected:
    """`webhook_url` is told once; only the digest of its token is kept."""

    integration: Integration
    channel: Channel
    webhook_url: str = field(repr=False)


def add_integration(
    *,
    workspace: Workspace,
    provider: str,
    name: str,
    credentials: Mapping[str, object],
    now: datetime,
    actor: User | None = None,
    actor_label: str = "",
    key: uuid.UUID | None = None,
    is_proven: bool = False,
) -> Connected:
    """Connect a number: all of it or nothing.

    `key` is the new integration's, of a form that may be sent twice. `is_proven` is whether
    the provider has accepted the credentials of this very number, or an operator answers for
    it: only such a one is told at once that the number is live in another workspace; all
    others learn it when they have connected its phone. Raises registry.UnknownProvider,
    CredentialsInvalid, NameInvalid, NumberTaken, PlaceTaken or AddedAlready.
    """
    adapter = registry.get(provider)
    cleaned = adapter.validate_credentials(credentials)
    number = adapter.number_of(cleaned)
    phone = _e164(number)
    with workspace_transaction(workspace.pk):
        integration = _new_integration(workspace, provider, name, key or new_key())
        # Sealed second: the row's id is part of what the seal is bound to.
        integration.credentials = seal_json(
            cleaned, gateway.credentials_context(integration)
        )
        integration.save(update_fields=["credentials"])
        channel = _take_channel(integration, phone=phone, number=number)
        if is_proven and not claims.is_free(channel):
            raise NumberTaken
        places.claim(workspace.pk, adapter, cleaned, channel=channel)
        kind = adapter.session_kind_of(cleaned)
        _open_session(channel, adapter, kind=kind, now=now)
        token = webhook_urls.new_token(integration)
        audit.record(
            workspace=workspace,
            action="integration.added",
            actor=actor,
            actor_label=actor_label,
            target=str(integration.key),
            details={"provider": provider, "channel": str(channel.key)},
            now=now,
        )
    ids = {
        "workspace_id": workspace.pk,
        "integration_id": integration.pk,
        "channel_id": channel.pk,
    }
    logger.info("integration added", extra=ids)
    return Connected(integration, channel, webhook_urls.url_of(token))


def check_place(
    workspace: Workspace, provider: str, credentials: Mapping[str, str]
) -> None:
    """Raise PlaceTaken where another number lives, before its provider is asked at all."""
    with workspace_transaction(workspace.pk):
        places.claim(workspace.pk, registry.get(provider), credentials)


def rotate_webhook_token(
    integration: Integration,
    *,
    now: datetime,
    actor: User | None = None,
    actor_label: str = "",
) -> str:
    """Give a new webhook URL; the one in use until now goes on until this one is confirmed,
    and a week longer.

    One that was made before and that no provider was seen to use ends at once.
    """
    with workspace_transaction(integration.workspace_id):
        webhook_tokens.hold(integration.workspace_id, integration.pk)
        webhook_tokens.drop_unused(integration)
        token = webhook_urls.new_token(integration)
        audit.record(
            workspace=integration.workspace,
            action="integration.webhook_url_changed",
            actor=actor,
            actor_label=actor_label,
            target=str(integration.key),
            now=now,
        )
    return webhook_urls.url_of(token)


def _e164(number: NumberRef) -> str:
    told = number.phone or ""
    # WhatsApp still writes Mexican numbers with a 1 that nobody dials any more.
    if told.startswith("521"):
        told = canonical(told)
    try:
        parsed = phonenumbers.parse(f"+{told}")
    except phonenumbers.NumberParseException:
        parsed = None
    # A number that is possible only inside its own town would not be reached from outside.
    if (
        parsed is None
        or phonenumbers.is_possible_number_with_reason(parsed)
        != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        raise CredentialsInvalid({"phone_number": "is no possible phone number"})
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def find_added(workspace: Workspace, *, key: uuid.UUID) -> Channel | None:
    """What a form with this key has connected before."""
    with workspace_transaction(workspace.pk):
        found: Channel | None = (
            Channel.objects.for_workspace(workspace)
            .filter(integration__key=key)
            .order_by("pk")
            .first()
        )
    return found


def _new_integration(
    workspace: Workspace, provider: str, name: str, key: uuid.UUID
) -> Integration:
    name = name.replace("\0", "").strip()
    if not 0 < len(name) <= 100:
        raise NameInvalid("takes 1 to 100 characters")
    try:
        with transaction.atomic():
            return Integration.objects.create(
                workspace=workspace, provider=provider, name=name, key=key
            )
    except IntegrityError as error:
        # The name is looked at first by nobody but us: a second form has both alike.
        before = find_added(workspace, key=key)
        if before is not None:
            raise AddedAlready(before) from None
        if claims.violated(error) == "integration_name_unique":
            raise NameInvalid("is the name of another integration") from None
        # The key is somebody else's, whoever made it up: ours is another one then.
        return _new_integration(workspace, provider, name, new_key())


def _take_channel(
    integration: Integration, *, phone: str, number: NumberRef
) -> Channel:
    """The number's earlier channel in this workspace, with its conversations, or a new one.

    Another form of the number, such as the one without Brazil's ninth digit, is the same.
    """
    same = Channel.objects.for_workspace(integration.workspace_id).filter(
        provider=integration.provider,
        phone__in=[f"+{one}" for one in variants(phone.removeprefix("+"))],
    )
    live = same.filter(is_active=True).exclude(integration=None)
    if (own := live.order_by("pk").first()) is not None:
        raise NumberTaken(own)
    channel = same.select_for_update(of=("self",)).order_by("-is_active", "-pk").first()
    if channel is None:
        channel = Channel(
            workspace_id=integration.workspace_id,
            provider=integration.provider,
            display_name=integration.name,
        )
    channel.phone = phone
    channel.integration = integration
    channel.external_id = number.external_id
    channel.is_active = True
    channel.state = ChannelState.NEW
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        if not claims.is_taken(error):
            raise
        raise NumberTaken(live.first()) from None
    return channel


def _open_session(
    channel: Channel, adapter: Adapter, *, kind: str, now: datetime
) -> None:
    """Begin the session. The monitor asks about pasted credentials; codes and links are
    opened by `sessions.open_session`. Who cannot be asked has nothing to be checked."""
    channel.sessions.filter(ended_at=None).update(
        ended_at=now, state=SessionState.DISCONNECTED, reason="connected anew"
    )
    is_connected = Capability.SESSION_PROBE not in adapter.capabilities
    state = SessionState.CREATED
    if kind == SessionKind.CREDENTIALS:
        state = SessionState.CONNECTED if is_connected else SessionState.VERIFYING
    session = Session.objects.create(
        workspace_id=channel.workspace_id,
        channel=channel,
        kind=kind,
        state=state,
        state_since=now,
        expires_at=now + health.PENDING_LASTS,
        connected_at=now if state == SessionState.CONNECTED else None,
    )
    ids = {"session_id": session.pk, "channel_id": channel.pk}
    transaction.on_commit(lambda: logger.info("session created", extra=ids))
    if state == SessionState.CONNECTED:
        if not claims.take(channel):
            raise NumberTaken
        channel.state = ChannelState.CONNECTED
        channel.save(update_fields=["state"])
        transaction.on_commit(lambda: logger.info("session connected", extra=ids))
