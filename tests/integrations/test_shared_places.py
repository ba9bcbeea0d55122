"""Two numbers in one place at a gateway: the second is refused, and a stale one harms nobody."""

import pytest
from django.utils import timezone

from integrations.models import Channel
from integrations.providers import registry
from integrations.services import (
    asking,
    connections,
    credentials,
    removal,
    sessions,
    webhook_urls,
)
from integrations.services.places import PlaceTaken
from integrations.services.sessions import Actor
from tests.factories import integrations as make
from tests.integrations.loopback import plain, serving
from tests.integrations.pairing import row, time_passes
from tests.twins import evolution, waha
from tests.walls import as_app

A, B = "5511987654321", "5511987650000"
KEY = "the-api-key-1"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def evo(settings):
    with evolution.serving() as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        yield twin


@pytest.fixture
def bridge(settings):
    with waha.serving(KEY) as twin, serving(plain(b"{}")) as receiver:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        settings.PUBLIC_URL = f"http://{receiver.host}"
        yield twin


def at_evolution(evo, phone, *, name="shop"):
    return {
        "phone_number": f"+{phone}",
        "base_url": f"http://{evo.host}",
        "instance_name": name,
        "api_key": evolution.GLOBAL_KEY,
    }


def at_waha(bridge, phone, *, name="shop"):
    return {
        "phone_number": f"+{phone}",
        "base_url": bridge.url,
        "session_name": name,
        "api_key": KEY,
    }


def add(world, provider, told, *, name="Shop", workspace=None):
    with as_app():
        return connections.add_integration(
            workspace=workspace or world.workspace,
            provider=provider,
            name=name,
            credentials=told,
            now=timezone.now(),
        ).channel


def left_over(world, provider, told):
    """A number from before places were compared."""
    cleaned = registry.get(provider).validate_credentials(told)
    integration = make.integration(
        world.workspace, provider=provider, credentials=cleaned
    )
    return make.channel(
        world.workspace,
        provider=provider,
        phone=told["phone_number"],
        external_id=None,
        integration=integration,
    )


def opened(channel):
    with as_app():
        return sessions.open_session(channel)


def asked_again(session):
    time_passes(session, seconds=5)
    with as_app():
        return sessions.refresh(session)


@pytest.fixture
def live(world, evo):
    """A, which scanned the code of its own page."""
    channel = add(world, "evolution", at_evolution(evo, A))
    session = opened(channel)
    evo.scan("shop", A)
    assert asked_again(session).state == "connected"
    return channel


@pytest.fixture
def stale(world, evo, live):
    """B, whose number was mistyped and which never was anywhere."""
    return left_over(world, "evolution", at_evolution(evo, B))


# --- refused when it is added or moved --------------------------------------------
@pytest.mark.parametrize("ending", ["", "/", "///"])
def test_a_second_number_in_one_place_is_refused_by_name(world, evo, live, ending):
    told = at_evolution(evo, B) | {"base_url": f"http://{evo.host}{ending}"}

    with pytest.raises(PlaceTaken) as refused:
        add(world, "evolution", told, name="Second")

    assert (refused.value.channel, refused.value.field) == (live, "instance_name")
    assert Channel.objects.unscoped("test").count() == 1


def test_another_name_on_the_server_is_another_place(world, evo, live):
    other = add(world, "evolution", at_evolution(evo, B, name="shop2"), name="Second")

    assert other.is_active


def test_the_place_of_a_removed_number_is_free(world, evo, live):
    with as_app():
        removal.remove(live, actor=Actor(user=world.owner))

    assert add(world, "evolution", at_evolution(evo, B), name="Second").is_active


def test_a_number_is_not_moved_to_where_another_lives(world, evo, live):
    other = add(world, "evolution", at_evolution(evo, B, name="shop2"), name="Second")
    told = {"base_url": f"http://{evo.host}", "instance_name": "shop", "api_key": ""}

    with as_app(), pytest.raises(PlaceTaken):
        credentials.replace(other, told, version=1, actor=world.owner)

    with as_app():
        assert credentials.stored(other).plain["instance_name"] == "shop2"


def test_the_page_names_the_number_that_lives_there(world, evo, live, signed_in):
    world.owner.language = "en"
    world.owner.save()

    page = signed_in(world.owner).post(
        "/w/padaria/integrations/whatsapp/connect/evolution/",
        {"name": "Second", **at_evolution(evo, B)},
    )

    assert page.status_code == 422
    text = page.content.decode()
    assert f"The number +{A} is connected here already" in text
    assert str(live.key) in text


# --- one that is left over harms nobody -------------------------------------------
def test_removing_a_stale_number_leaves_the_live_one_connected(world, evo, live, stale):
    with as_app():
        removed = removal.remove(stale, actor=Actor(user=world.owner))

    assert removed.left_behind is None
    assert evo.instances["shop"].state == "open"


def test_trying_a_stale_number_again_leaves_the_live_one_connected(evo, stale):
    session = opened(stale)

    assert (session.state, session.problem) == ("failed", "number_wrong")
    assert evo.instances["shop"].state == "open"


def test_starting_a_stale_number_clean_leaves_the_live_one_connected(evo, stale):
    opened(stale)

    with as_app():
        sessions.start_clean(stale)

    assert evo.instances["shop"].state == "open"


def test_a_stranger_on_the_gateway_stays_when_our_number_goes(world, evo):
    """Another installation may use that instance: nobody here knows of it."""
    channel = add(world, "evolution", at_evolution(evo, B))
    opened(channel)
    evo.scan("shop", A)

    with as_app():
        removal.remove(channel, actor=Actor(user=world.owner))

    assert evo.instances["shop"].state == "open"


@pytest.mark.parametrize(
    "act",
    [
        lambda channel, actor: sessions.start_clean(channel, actor=actor),
        lambda channel, actor: sessions.disconnect(channel, actor=actor),
        lambda channel, actor: removal.remove(channel, actor=actor),
    ],
    ids=["start clean", "disconnect", "remove"],
)
def test_the_same_number_of_another_workspace_stays_connected(world, evo, live, act):
    """An agency connects a number in a second workspace, by the same instance."""
    before = evo.instances["shop"].webhook
    again = add(
        world, "evolution", at_evolution(evo, A), workspace=world.other_workspace
    )
    refused = opened(again)

    with as_app():
        act(again, Actor(user=world.outsider))

    assert (refused.state, refused.problem) == ("failed", "number_taken")
    assert evo.instances["shop"].state == "open"
    assert evo.instances["shop"].webhook == before


def test_the_webhook_of_another_workspace_s_number_is_not_taken(world, evo, live):
    before = evo.instances["shop"].webhook
    again = add(
        world, "evolution", at_evolution(evo, A), workspace=world.other_workspace
    )

    with as_app(), pytest.raises(webhook_urls.WebhookFailed) as failed:
        webhook_urls.subscribe(again)

    assert failed.value.problem == "number_taken"
    assert evo.instances["shop"].webhook == before


def test_what_was_opened_for_an_ended_try_is_not_closed_over_their_heads(
    world, evo, live
):
    again = add(
        world, "evolution", at_evolution(evo, A), workspace=world.other_workspace
    )

    with as_app():
        asking.close_abandoned(again, "shop")

    assert evo.instances["shop"].state == "open"


def test_who_came_in_by_our_own_code_goes_though_the_number_is_live_elsewhere(
    world, evo, live
):
    told = at_evolution(evo, A, name="second")
    again = add(world, "evolution", told, workspace=world.other_workspace)
    session = opened(again)
    evo.scan("second", A)
    assert asked_again(session).problem == "number_taken"

    with as_app():
        removal.remove(again, actor=Actor(user=world.outsider))

    assert "second" not in evo.instances
    assert evo.instances["shop"].state == "open"


def test_at_waha_too_a_stale_number_leaves_the_live_one_connected(world, bridge):
    live = add(world, "waha", at_waha(bridge, A))
    opened(live)
    bridge.scan("shop", A)
    stale = left_over(world, "waha", at_waha(bridge, B))
    before = bridge.sessions["shop"].config

    session = opened(stale)
    with as_app():
        sessions.start_clean(stale)
        removal.remove(stale, actor=Actor(user=world.owner))

    assert session.problem == "number_wrong"
    assert bridge.sessions["shop"].config == before
    assert bridge.sessions["shop"].status == "WORKING"
    assert bridge.sessions["shop"].me["id"].startswith(A)


def test_at_waha_too_a_number_of_another_workspace_stays_connected(world, bridge):
    live = add(world, "waha", at_waha(bridge, A))
    opened(live)
    bridge.scan("shop", A)
    assert asked_again(sessions.find_session(live)).state == "connected"
    before = bridge.sessions["shop"].config
    told = at_waha(bridge, A)
    again = add(world, "waha", told, workspace=world.other_workspace)

    refused = opened(again)
    with as_app():
        sessions.start_clean(again)
        removal.remove(again, actor=Actor(user=world.outsider))

    assert refused.problem == "number_taken"
    assert bridge.sessions["shop"].status == "WORKING"
    assert bridge.sessions["shop"].config == before


# --- who took our own code is turned out ------------------------------------------
def test_a_wrong_phone_that_scanned_our_code_is_turned_out(world, evo):
    channel = add(world, "evolution", at_evolution(evo, B))
    session = opened(channel)
    evo.scan("shop", A)

    session = asked_again(session)

    assert session.problem == "number_wrong"
    assert evo.instances["shop"].state == "close"


def test_a_wrong_phone_is_turned_out_of_waha_as_well(world, bridge):
    channel = add(world, "waha", at_waha(bridge, B))
    session = opened(channel)
    bridge.show_code("shop")
    session = asked_again(session)
    assert session.payload
    bridge.scan("shop", A)

    session = asked_again(session)

    assert session.problem == "number_wrong"
    assert (bridge.sessions["shop"].me, bridge.sessions["shop"].status) == (
        None,
        "STOPPED",
    )


def test_a_code_that_two_numbers_show_turns_nobody_out(world, evo, stale, live):
    evo.drop("shop", 401)
    shown = opened(stale)
    assert shown.payload
    evo.scan("shop", A)

    shown = asked_again(shown)

    assert shown.problem == "number_wrong"
    assert evo.instances["shop"].state == "open"
    assert row(shown).get().code_shown_at is not None
