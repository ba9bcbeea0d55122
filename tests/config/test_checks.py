"""The deployment checks find what must not reach production."""

from django.core.checks import run_checks

from config import checks
from integrations.providers import registry


def ids(messages) -> list[str | None]:
    return [message.id for message in messages]


def test_production_with_a_sandbox_or_without_https_is_refused(settings):
    settings.SANDBOX_ENABLED = True
    settings.PUBLIC_URL = "http://recado.example"

    assert ids(checks.production_is_closed()) == ["recado.E003", "recado.E004"]


def test_a_closed_production_passes(settings):
    settings.SANDBOX_ENABLED = False
    settings.PUBLIC_URL = "https://recado.example"

    assert list(checks.production_is_closed()) == []


def test_a_short_or_twice_named_vault_key_is_refused(settings):
    settings.INTEGRATIONS_KEY = b"short"
    settings.INTEGRATIONS_KEYS_OLD = [b"short"]

    assert ids(checks.vault_key_is_present()) == ["recado.E001", "recado.E002"]


def test_a_provider_that_cannot_be_loaded_is_named(monkeypatch):
    monkeypatch.setitem(
        registry.PROVIDERS, "broken", "integrations.providers.broken.Adapter"
    )

    (found,) = checks.providers_are_importable()

    assert found.id == "recado.E005"
    assert "broken" in str(found.msg)


def test_this_project_passes_its_own_checks():
    assert run_checks() == []
