"""The table of providers: what it offers, and what it refuses."""

import pytest
from pytest_django import Settings

from integrations.providers import registry


def test_every_provider_of_the_table_is_offered_in_its_order() -> None:
    assert registry.slugs() == list(registry.PROVIDERS)


def test_unknown_provider_is_refused_by_name() -> None:
    with pytest.raises(registry.UnknownProvider, match="pigeon_post"):
        registry.get("pigeon_post")


def test_sandbox_is_not_there_unless_it_is_switched_on(
    settings: Settings,
) -> None:
    settings.SANDBOX_ENABLED = False

    assert "sandbox" not in registry.slugs()
    with pytest.raises(registry.UnknownProvider):
        registry.get("sandbox")
