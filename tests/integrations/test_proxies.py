"""A page of a proxy, while the gateway behind it starts anew, is no word of the gateway."""

from collections.abc import Callable, Iterator

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from integrations import gateway
from integrations.models import Channel, Episode
from integrations.providers import registry
from integrations.providers.base.errors import Refused
from integrations.services import sessions
from tests.conftest import World
from tests.factories import integrations as make
from tests.integrations.loopback import plain
from tests.integrations.loopback import serving as listening
from tests.integrations.pairing import connected, row, time_passes
from tests.walls import as_app

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "traefik": plain(
        b"404 page not found\n",
        status="404 Not Found",
        headers="Content-Type: text/plain\r\n",
    ),
    "kong": plain(
        b'{"message":"no Route matched with those values"}', status="404 Not Found"
    ),
    "nginx": plain(b"<html>405 Not Allowed</html>", status="405 Not Allowed"),
    "welcome": plain(b"<!doctype html><title>Welcome to nginx!</title>"),
}
NAMES = {"waha": "session_name", "evolution": "instance_name"}

Add = Callable[[str], Channel]


@pytest.fixture(params=PAGES)
def add(
    request: pytest.FixtureRequest, world: World, settings: Settings
) -> Iterator[Add]:
    """A number at a gateway in whose place a proxy answers."""
    with listening(PAGES[request.param]) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]

        def make_number(provider: str) -> Channel:
            told = {
                "phone_number": "+5511987654321",
                "base_url": f"http://{server.host}",
                "api_key": "the-api-key-1",
                NAMES[provider]: "shop",
            }
            integration = make.integration(
                world.workspace,
                provider=provider,
                credentials=registry.get(provider).validate_credentials(told),
            )
            return make.channel(
                world.workspace,
                provider=provider,
                phone=told["phone_number"],
                external_id=None,
                integration=integration,
            )

        yield make_number


@pytest.mark.parametrize("provider", NAMES)
def test_a_connected_number_is_unsteady_after_three_and_never_disconnected(
    add: Add, provider: str
) -> None:
    session = connected(add(provider))
    shown = []

    for _ in range(3):
        time_passes(session, minutes=3)
        with as_app():
            session = sessions.refresh(session)
        shown.append((session.state, session.problem))

    assert shown == [("connected", ""), ("connected", ""), ("degraded", "unavailable")]
    assert Episode.objects.unscoped("test").get().state == "degraded"


@pytest.mark.parametrize("provider", NAMES)
def test_a_number_that_is_being_connected_waits(add: Add, provider: str) -> None:
    channel = add(provider)
    with as_app():
        session = sessions.open_session(channel)
    assert (session.state, session.problem) == ("created", "unavailable")

    row(session).update(state="awaiting_user", probe_at=Now())
    time_passes(session, seconds=30)
    session.refresh_from_db()
    with as_app():
        session = sessions.refresh(session)

    assert (session.state, session.problem) == ("awaiting_user", "unavailable")
    assert session.is_pending


@pytest.mark.parametrize("provider", NAMES)
def test_whoever_enters_credentials_is_told_that_it_is_another_server(
    add: Add, provider: str
) -> None:
    channel = add(provider)
    assert channel.integration is not None

    with as_app():
        line = gateway.open_line(channel.integration, channel_id=channel.pk)
        with pytest.raises(Refused) as caught:
            line.adapter.check_credentials(line.credentials, line.http)

    assert caught.value.code == f"not_{provider}"
