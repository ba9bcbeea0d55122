"""An OAuth server that `/api/` asks, and a person of ours whom it knows."""

import time

import pytest
from django.core.cache import cache

from accounts import limits
from accounts.api import bearers, server
from accounts.api.cache import Checks
from tests.accounts import identity as identities


@pytest.fixture
def identity(settings, world, monkeypatch):
    """The server, a person it knows, and nothing remembered of earlier tests."""
    monkeypatch.setattr(bearers, "checks", Checks(server.ask))
    cache.clear()
    limits.forget_this_process()
    with identities.running() as running:
        settings.API_BEARERS = running.settings()
        world.agent.oauth_issuer = settings.API_BEARERS["issuer"]
        world.agent.oauth_id = "7"
        world.agent.save()
        running.tokens["good"] = {
            "active": True,
            "sub": "7",
            "client_id": "crm",
            "scope": "openid read write",
            "exp": int(time.time()) + 600,
        }
        yield running
    limits.forget_this_process()
