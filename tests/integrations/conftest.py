from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.integrations import pairing
from tests.twins.numbers import Twin


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    """The gateway that pairs phones, on the loopback address."""
    with pairing.offered(monkeypatch, settings.EGRESS_ALLOWED_HOSTS) as found:
        yield found
