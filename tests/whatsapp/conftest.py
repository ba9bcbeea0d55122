"""A number that sends, for the tests about sending."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts import limits
from integrations.providers import registry
from tests.conftest import World
from tests.twins.sending import Loopback, serving
from tests.whatsapp import template_account
from tests.whatsapp.api_shop import Shop
from tests.whatsapp.counter import Counter, open_counter, plan_of


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serving(Loopback(plan_of(), hang=3)) as loopback:
        settings.EGRESS_ALLOWED_HOSTS = [loopback.host]
        known = registry.get("meta_cloud")
        monkeypatch.setitem(
            known.settings,
            "api_base",
            f"http://{loopback.host}",
        )
        yield loopback


@pytest.fixture
def counter(world: World, provider: Loopback) -> Counter:
    return open_counter(world.workspace, provider)


@pytest.fixture
def account(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[template_account.Account]:
    with template_account.opened(world.workspace, settings, monkeypatch) as found:
        yield found


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    """With nothing counted of the requests of earlier tests."""
    cache.clear()
    limits.forget_this_process()
    yield Shop(world)
    limits.forget_this_process()
