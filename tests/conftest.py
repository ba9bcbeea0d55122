"""What every test may ask for. Nothing here leaves the machine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
from django.test import Client

from accounts.models import User, Workspace
from accounts.scoping import ScopedQuerySet
from integrations import http
from tests import emptying, walls
from tests.factories import accounts as make

# A busy machine is no fault of the code.
hypothesis.settings.register_profile("steady", deadline=None)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Before `-m` chooses, what asks a page or the database is marked; after others have
    sorted, what takes long comes first: otherwise one worker ends with it while the others
    are done."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"client", "signed_in"}:
            item.add_marker("page")
        if fixtures & {"db", "transactional_db"} or item.get_closest_marker(
            "django_db"
        ):
            item.add_marker("sql")
    yield
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        walls.prepare()
        emptying.install()


@pytest.fixture
def django_assert_num_queries() -> Callable[[int], AbstractContextManager[None]]:
    """As pytest-django's, for the queries that ask something; see `walls.asked`."""

    @contextmanager
    def expect(number: int) -> Iterator[None]:
        with walls.asked() as said:
            yield
        assert len(said) == number, "\n".join(said)

    return expect


@pytest.fixture
def without_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wall is down: `for_workspace()` filters nothing."""

    def for_workspace(queryset: Any, workspace: object) -> Any:
        return queryset.unscoped(f"the first wall is down, for {workspace}")

    monkeypatch.setattr(ScopedQuerySet, "for_workspace", for_workspace)


@pytest.fixture(autouse=True)
def _connections_end_with_the_test() -> Iterator[None]:
    yield
    http.close()


@dataclass
class World:
    """An owner and an agent of one workspace, and an outsider with one of their own."""

    workspace: Workspace
    owner: User
    agent: User
    other_workspace: Workspace
    outsider: User


@pytest.fixture
def world(db: None) -> World:
    workspace = make.workspace(slug="padaria", name="Padaria")
    other = make.workspace(slug="oficina", name="Oficina")
    owner, agent, outsider = (
        make.user(email=f"{name}@example.com")
        for name in ("owner", "agent", "outsider")
    )
    make.membership(workspace, owner, role="owner")
    make.membership(workspace, agent, role="agent")
    make.membership(other, outsider, role="owner")
    return World(workspace, owner, agent, other, outsider)


@pytest.fixture
def signed_in(world: World) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
