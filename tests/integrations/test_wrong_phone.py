"""A number that lost its phone is connected anew, and the wrong phone takes the code."""

import pytest
from django.utils import timezone

from integrations.services import connections, monitor, sessions
from tests.integrations.pairing import fresh, make_due, time_passes
from tests.integrations.providers import golden
from tests.twins import evolution, waha
from tests.walls import as_app

OURS = "5511987654321"
THEIRS = "5511900001111"

pytestmark = pytest.mark.django_db(transaction=True)


def add(world, slug, told):
    with as_app():
        return connections.add_integration(
            workspace=world.workspace,
            provider=slug,
            name="Shop",
            credentials=told,
            now=timezone.now(),
        ).channel


def watch(session):
    make_due(session)
    with as_app():
        monitor.run()
    return fresh(session)


def look(session):
    """The page of the session asks how it stands, some seconds after it last did."""
    time_passes(session, seconds=5)
    now = fresh(session)
    with as_app():
        return sessions.refresh(now)


@pytest.fixture(params=["page", "monitor"])
def ask(request):
    return look if request.param == "page" else watch


@pytest.fixture
def gateway_waha(settings):
    told = golden.credentials("waha")
    with waha.serving(told["api_key"]) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        yield twin


def paired(channel, twin, name):
    with as_app():
        session = sessions.open_session(channel)
    twin.sessions[name].config["webhooks"] = []  # nobody listens
    twin.show_code(name)
    look(session)
    twin.scan(name, OURS)
    assert look(session).state == "connected"
    return session


def test_the_wrong_phone_is_turned_out_so_that_the_right_one_can_scan(
    world, gateway_waha, ask
):
    twin = gateway_waha
    channel = add(world, "waha", golden.credentials("waha") | {"base_url": twin.url})
    session = paired(channel, twin, "loja")
    time_passes(session, hours=3)
    twin.unlink("loja")
    assert look(session).state == "disconnected"

    with as_app():
        sessions.reconnect(channel)
    twin.sessions["loja"].config["webhooks"] = []
    twin.show_code("loja")
    assert look(session).payload
    twin.scan("loja", THEIRS)
    after = ask(session)

    assert (after.state, after.problem) == ("disconnected", "number_wrong")
    assert twin.sessions["loja"].me is None, "that phone is not ours to keep"
    assert ask(session).problem == "number_wrong", "whoever scanned goes on reading why"

    with as_app():
        sessions.reconnect(channel)
    twin.sessions["loja"].config["webhooks"] = []
    twin.show_code("loja")
    assert look(session).payload
    twin.scan("loja", OURS)
    assert ask(session).state == "connected"


def test_a_phone_that_came_by_no_code_of_ours_stays_where_it_is(
    world, gateway_waha, ask
):
    twin = gateway_waha
    channel = add(world, "waha", golden.credentials("waha") | {"base_url": twin.url})
    session = paired(channel, twin, "loja")
    time_passes(session, hours=3)
    twin.scan("loja", THEIRS)

    after = ask(session)

    assert (after.state, after.problem) == ("disconnected", "number_wrong")
    assert twin.sessions["loja"].me is not None


def test_at_evolution_too_the_wrong_phone_is_turned_out(world, settings, ask):
    with evolution.serving() as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        channel = add(
            world,
            "evolution",
            {
                "phone_number": f"+{OURS}",
                "base_url": f"http://{twin.host}",
                "instance_name": "shop",
                "api_key": evolution.GLOBAL_KEY,
            },
        )
        with as_app():
            session = sessions.open_session(channel)
        twin.scan("shop", OURS)
        assert look(session).state == "connected"
        time_passes(session, hours=3)
        twin.drop("shop", 401)
        assert look(session).state == "disconnected"

        with as_app():
            assert sessions.reconnect(channel).payload
        twin.scan("shop", THEIRS)
        after = ask(session)

        assert (after.state, after.problem) == ("disconnected", "number_wrong")
        assert twin.instances["shop"].state == "close"
        assert ask(session).problem == "number_wrong"
        with as_app():
            assert sessions.reconnect(channel).payload
        twin.scan("shop", OURS)
        assert ask(session).state == "connected"
