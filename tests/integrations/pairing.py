"""Numbers of the pairing provider in a test's database, and the twin that answers for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Workspace
from integrations.models import Channel, Session
from integrations.providers import registry
from tests.factories import integrations as make
from tests.twins import numbers, pairing
from tests.twins.numbers import Twin
from tests.twins.pairing import PairingAdapter


@contextmanager
def offered(monkeypatch: pytest.MonkeyPatch, allowed: list[str]) -> Iterator[Twin]:
    """The provider is in the registry, and its twin answers."""
    path = f"{PairingAdapter.__module__}.PairingAdapter"
    monkeypatch.setitem(registry.PROVIDERS, pairing.SLUG, path)
    with numbers.running() as twin:
        allowed.append(twin.host)
        try:
            yield twin
        finally:
            allowed.remove(twin.host)


def number(workspace: Workspace, url: str, *, phone: str = pairing.PHONE) -> Channel:
    credentials = pairing.credentials(url, phone=phone)
    integration = make.integration(
        workspace, provider=pairing.SLUG, credentials=credentials
    )
    return make.channel(
        workspace,
        provider=pairing.SLUG,
        phone=phone,
        external_id=None,
        integration=integration,
        display_name="Loja",
    )


def connected(channel: Channel, **fields: Any) -> Session:
    """A session that has been connected for an hour, and is due."""
    session = Session.objects.create(
        workspace=channel.workspace,
        channel=channel,
        kind="qr",
        external_id=channel.phone.lstrip("+"),
        state="connected",
        probe_state="connected",
        **fields,
    )
    ago = Now() - timedelta(hours=1)
    row(session).update(
        started_at=ago,
        connected_at=ago,
        state_since=ago,
        probe_since=ago,
        next_check_at=Now() - timedelta(seconds=1),
    )
    Channel.objects.unscoped("test").filter(pk=channel.pk).update(state="connected")
    return fresh(session)


def row(session: Session) -> Any:
    return Session.objects.unscoped("test").filter(pk=session.pk)


def fresh(session: Session) -> Session:
    found: Session = Session.objects.unscoped("test").get(pk=session.pk)
    return found


_MOMENTS = (
    "started_at",
    "expires_at",
    "connected_at",
    "state_since",
    "probe_since",
    "probe_at",
    "answered_at",
    "last_heartbeat_at",
    "failing_since",
    "told_at",
    "heard_at",
    "silent_since",
    "next_check_at",
    "lease_until",
    "code_expires_at",
)


def time_passes(session: Session, **how_long: float) -> None:
    """As if everything about a session had happened so much earlier."""
    passed = timedelta(**how_long)
    row(session).update(**{name: F(name) - passed for name in _MOMENTS})


def make_due(session: Session) -> None:
    row(session).update(next_check_at=Now())


Number = Callable[..., Channel]
