from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts import vault
from accounts.models import Workspace
from accounts.vault import SecretContext, store
from integrations.models import Integration


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    store.forget()
    yield
    store.forget()


def context_of(integration: Integration, **changes: Any) -> SecretContext:
    """The context in which an integration's credentials are sealed."""
    context = SecretContext(
        purpose="integration-credentials",
        column="integrations_integration.credentials",
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
        secret_version=integration.secret_version,
    )
    return replace(context, **changes)


@pytest.fixture
def sealed_integration(db: None) -> Callable[..., Integration]:
    """Save an integration whose credentials are `text`, sealed."""

    def save(workspace: Workspace, text: str, *, name: str = "Shop") -> Integration:
        integration = Integration.objects.create(
            workspace=workspace, provider="sandbox", name=name, credentials=""
        )
        integration.credentials = vault.seal(text.encode(), context_of(integration))
        integration.save()
        return integration

    return save


def opened(integration: Integration) -> str:
    integration = Integration.objects.unscoped("test").get(pk=integration.pk)
    return vault.unseal(integration.credentials, context_of(integration)).decode()
