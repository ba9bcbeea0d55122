"""What tests of room 3 ask for."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from accounts import limits
from tests.conftest import World
from tests.tickets.api_desk import Desk


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    """With nothing counted of the requests of earlier tests."""
    cache.clear()
    limits.forget_this_process()
    yield Desk(world)
    limits.forget_this_process()
