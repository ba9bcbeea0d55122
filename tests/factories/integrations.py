"""Rows of room 1 for tests; each saves and returns one."""

import itertools
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from accounts.vault import seal_json
from integrations import claims
from integrations.gateway import credentials_context
from integrations.models import (
    Channel,
    ChannelLog,
    Episode,
    Integration,
    Session,
    SimulatedPhone,
    WebhookToken,
)

SANDBOX_SECRET = "word-of-the-tests"
META_SECRET = "app-secret-of-the-tests"
META_CREDENTIALS = {
    "phone_number": "+5511933334444",
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "access_token": "EAAtests",
    "app_secret": META_SECRET,
    "verify_token": "verify-me",
}


_number = itertools.count(1)


def integration(
    workspace: Workspace,
    *,
    provider: str = "meta_cloud",
    credentials: dict[str, str] | None = None,
    **fields: Any,
) -> Integration:
    values = {"name": f"Loja {next(_number)}", "credentials": ""} | fields
    row = Integration.objects.create(workspace=workspace, provider=provider, **values)
    row.credentials = seal_json(
        credentials or META_CREDENTIALS, credentials_context(row)
    )
    row.save()
    return row


def channel(workspace: Workspace, **fields: Any) -> Channel:
    number = next(_number)
    values = {
        "provider": "meta_cloud",
        "phone": f"+551190000{number:04d}",
        "external_id": str(100_000 + number),
    } | fields
    return Channel.objects.create(workspace=workspace, **values)


def claimed(channel: Channel) -> Channel:
    """As after its first connected session: its workspace has the number."""
    with workspace_transaction(channel.workspace_id):
        assert claims.take(channel)
    return channel


def meta_number(
    workspace: Workspace, *, credentials: dict[str, str] | None = None, **fields: Any
) -> Channel:
    """A number with its integration, as `META_CREDENTIALS` describe it."""
    values = {
        "phone": META_CREDENTIALS["phone_number"],
        "external_id": META_CREDENTIALS["phone_number_id"],
    } | fields
    connected = integration(workspace, credentials=credentials)
    return channel(workspace, integration=connected, **values)


def sandbox_number(
    workspace: Workspace, *, is_linked: bool = True, **fields: Any
) -> Channel:
    """A simulated number with its integration, and its phone."""
    phone = f"+55119{next(_number):08d}"
    connected = integration(
        workspace,
        provider="sandbox",
        credentials={"phone_number": phone, "webhook_secret": SANDBOX_SECRET},
    )
    digits = phone.removeprefix("+")
    values = {"phone": phone, "external_id": digits} | fields
    made = channel(workspace, provider="sandbox", integration=connected, **values)
    SimulatedPhone.objects.create(
        workspace=workspace,
        channel=made,
        linked_phone=digits if is_linked else "",
        linked_at=timezone.now() if is_linked else None,
    )
    return made


def session(channel: Channel, **fields: Any) -> Session:
    """One that has been connected for a day, by credentials."""
    ago = timezone.now() - timedelta(days=1)
    values = {
        "kind": "credentials",
        "state": "connected",
        "probe_state": "connected",
        "probe_at": timezone.now(),
        "answered_at": timezone.now(),
        "last_heartbeat_at": timezone.now(),
        "connected_at": ago,
        "state_since": ago,
        "probe_since": ago,
    } | fields
    return Session.objects.create(
        workspace=channel.workspace, channel=channel, **values
    )


def outage(channel: Channel, **fields: Any) -> Episode:
    """One that lasts, for an hour so far."""
    values = {
        "state": "disconnected",
        "signal": "probe",
        "problem": "logged_out",
        "opened_at": timezone.now() - timedelta(hours=1),
    } | fields
    return Episode.objects.create(
        workspace=channel.workspace, channel=channel, **values
    )


def exchange(channel: Channel, **fields: Any) -> ChannelLog:
    values = {
        "operation": "session_status",
        "method": "GET",
        "url": "https://api.example.com/sessions/1",
        "status_code": 200,
        "elapsed_ms": 84,
        "response": '{"state": "open"}',
    } | fields
    return ChannelLog.objects.create(
        workspace=channel.workspace, channel=channel, **values
    )


def webhook_token(integration: Integration) -> str:
    """The token for the URL; only its digest is stored."""
    token = secrets.token_urlsafe(32)
    WebhookToken.objects.create(
        workspace=integration.workspace,
        integration=integration,
        digest=sha256(token.encode()).digest(),
    )
    return token
