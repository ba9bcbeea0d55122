"""Every test of this folder that asks for `slug` runs once for each registered provider."""

import pytest

from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from tests.integrations.providers import golden


@pytest.fixture(params=list(registry.PROVIDERS))
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def adapter(slug: str) -> Adapter:
    return registry.get(slug)


@pytest.fixture
def credentials(slug: str) -> dict[str, str]:
    return golden.credentials(slug)
