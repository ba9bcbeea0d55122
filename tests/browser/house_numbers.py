"""Numbers of the house with a past: one that somebody disconnected, and two that are down."""

import uuid
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast

from django.utils import timezone

from accounts.models import Workspace
from integrations.models import Channel, Episode
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make


def connected(workspace: Workspace, name: str, **fields: Any) -> Channel:
    """With a provider account of its own, that nobody can reach."""
    credentials = make_numbers.META_CREDENTIALS | {
        "phone_number_id": uuid.uuid4().hex[:15]
    }
    connected = make_numbers.integration(workspace, credentials=credentials)
    return make_numbers.channel(
        workspace, display_name=name, integration=connected, **fields
    )


def support(workspace: Workspace, now: datetime) -> tuple[Channel, Episode]:
    channel = connected(
        workspace,
        "Suporte",
        state="disconnected",
        quality="GREEN",
        limits={"messages": "TIER_1K"},
        last_inbound_at=now - timedelta(hours=5),
        last_webhook_at=now - timedelta(hours=5),
    )
    make_numbers.session(
        channel,
        state="disconnected",
        reason="disconnected by a person",
        ended_at=now - timedelta(hours=4),
    )
    outage = make_numbers.outage(
        channel,
        opened_at=now - timedelta(days=2),
        closed_at=now - timedelta(days=2) + timedelta(minutes=47),
        end="recovered",
        relapses=1,
        mailed_at=now - timedelta(days=2) + timedelta(minutes=1),
        end_mailed_at=now - timedelta(days=2) + timedelta(minutes=58),
    )
    make_numbers.outage(
        channel,
        opened_at=now - timedelta(days=9),
        closed_at=now - timedelta(days=8),
        end="taken_off",
        problem="key_wrong",
        signal="provider",
    )
    make_numbers.exchange(channel, operation="create_session", method="POST")
    make_numbers.exchange(
        channel, status_code=401, response='{"error": {"message": "expired"}}'
    )
    make_numbers.exchange(channel, status_code=None, error="connect_timeout")
    return channel, outage


def go_down(workspace: Workspace) -> tuple[Channel, Episode]:
    """A number whose phone was lost an hour ago; people are around it."""
    now = timezone.now()
    down = connected(
        workspace,
        "Vendas",
        state="disconnected",
        last_inbound_at=now - timedelta(minutes=70),
    )
    make_numbers.session(
        down,
        kind="qr",
        state="disconnected",
        signal="provider",
        problem="logged_out",
        reason="401 device_removed",
        state_since=now - timedelta(hours=1),
        told_state="disconnected",
        told_at=now - timedelta(hours=1),
        told_reason="401 device_removed",
        probe_state="connected",
        probe_at=now - timedelta(minutes=1),
        failures=2,
        failing_since=now - timedelta(minutes=2),
        probe_problem="unreachable",
    )
    lasting = make_numbers.outage(down, reason="401 device_removed")
    make_numbers.outage(
        connected(workspace, "Recepção", state="degraded"),
        state="degraded",
        problem="silent",
        signal="silence",
    )
    for place in range(3):
        make.echo(down, f"551197777000{place}", at=now - timedelta(minutes=40))
        make.receipt(down, f"551197777000{place}", at=now - timedelta(minutes=39))
    lead = make.lead(workspace, name="Ana Lima")
    make.identity(lead, value="5511988880001")
    talk = make.conversation(lead, down, last_inbound_at=now, last_message_at=now)
    make.message(
        talk,
        text="Vocês abrem hoje?",
        peer_key="p:5511988880001",
        provider_at=now - timedelta(minutes=90),
        stored_at=now - timedelta(minutes=90),
    )
    return down, lasting


class Joining(TypedDict):
    """Numbers in the middle of being connected, by what their page shows."""

    to_scan: Channel
    to_type: Channel
    to_open: Channel
    late: Channel
    refused: Channel
    wired: Channel


def sessions(workspace: Workspace) -> Joining:
    """Nobody asks the provider about them: each is leased to somebody who never comes back."""
    now = timezone.now()
    waits: dict[str, Any] = {
        "kind": "qr",
        "state": "awaiting_user",
        "connected_at": None,
        "expires_at": now + timedelta(days=1),
    }
    code: dict[str, Any] = {"payload": f"2@{'Wq7Rk3Zx' * 24}=="}
    ends: dict[str, Any] = {"ended_at": now, "connected_at": None}
    standing: dict[str, dict[str, Any]] = {
        "to_scan": waits | code | {"code_expires_at": now + timedelta(days=1)},
        "to_type": waits | code | {"pairing_code": "K7RW-3ZXQ"},
        "to_open": waits
        | {"kind": "external_link", "payload": "https://hub.360dialog.com/connect/x"},
        "late": ends | {"kind": "qr", "state": "expired", "problem": "too_late"},
        "refused": ends | {"state": "failed", "problem": "key_wrong"},
        "wired": {"kind": "qr"},
    }
    found = {}
    for name, fields in standing.items():
        provider = "dialog360" if name == "to_open" else "waha"
        made = make_numbers.integration(workspace, provider=provider)
        found[name] = make_numbers.channel(
            workspace, provider=provider, display_name="Recepção", integration=made
        )
        make_numbers.session(
            found[name],
            lease_token=uuid.uuid4(),
            lease_until=now + timedelta(days=1),
            **fields,
        )
    return cast("Joining", found)
