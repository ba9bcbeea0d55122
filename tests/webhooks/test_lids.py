"""People who write from a hidden number: the provider is asked for it, and what follows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import ChannelLog, Session
from tests import news
from tests.conftest import World
from tests.factories import integrations as numbers
from tests.factories import whatsapp as make
from tests.integrations.loopback import plain
from tests.integrations.loopback import serving as listening
from tests.integrations.providers import golden
from tests.twins import waha
from tests.walls import as_app
from tests.webhooks.conftest import Shop
from tests.webhooks.hidden import (
    GOLDEN,
    LID,
    NAME,
    PHONE,
    Place,
    body,
    open_place,
    time_passes,
    wait_of,
)
from webhooks import tasks
from whatsapp.models import Conversation, Identity, LeadMerge, LidLookup, Message
from whatsapp.services import merging
from whatsapp.services.lid_lookups import PAUSES


@pytest.fixture
def place(world: World, serve_waha: Callable[[], waha.Twin]) -> Place:
    return open_place(world.workspace, serve_waha())


# --- an answer --------------------------------------------------------------------
def test_phone_is_asked_for_and_noted_beside_the_hidden_id(place: Place) -> None:
    place.shop.process(body())
    place.twin.lids[LID] = f"{PHONE}@c.us"

    tally = place.run()

    assert tally.outcomes == {"found": 1}
    assert place.asked == ["/api/loja/lids/37830675939455%40lid"]
    assert place.names() == {("lid", LID), ("wa_id", PHONE)}
    assert place.shop.rows(Identity).get(kind="wa_id").source == "waha"
    assert place.leads().count() == 1
    assert place.lookup.next_at is None
    assert not place.shop.rows(ChannelLog).exists()
    time_passes(days=30)
    assert place.run().outcomes == {}


def test_lead_of_this_phone_is_joined_and_can_be_parted_for_good(
    place: Place, world: World
) -> None:
    known = make.lead(world.workspace, name="Ada")
    make.identity(known, kind="wa_id", value=PHONE)
    place.shop.process(body())
    place.twin.lids[LID] = f"{PHONE}@c.us"

    place.run()

    assert place.leads().get() == known
    merge = place.shop.rows(LeadMerge).get()
    assert (merge.stays, merge.actor, merge.reason) == (known, None, "")
    assert merge.evidence[0]["found"] == {"phone": [PHONE], "lid": [LID]}
    assert place.shop.rows(Conversation).get().lead == known

    merging.undo(merge, reason="São duas", actor=world.agent, now=timezone.now())
    place.shop.process(body(id_="B2"))
    place.run()

    assert place.leads().count() == 2
    assert place.shop.rows(LeadMerge).count() == 1
    assert len(place.asked) == 1


def test_echo_that_waited_for_the_phone_joins_the_thread(place: Place) -> None:
    place.shop.process(body(), body("echo", id_="B2"))
    assert place.shop.rows(Message).filter(conversation=None).count() == 1
    place.twin.lids[LID] = f"{PHONE}@c.us"

    place.run()

    assert not place.shop.rows(Message).filter(conversation=None).exists()
    assert place.shop.rows(Conversation).get().message_count == 2


def test_provider_that_cannot_be_asked_wants_nothing(world: World) -> None:
    connected = numbers.integration(world.workspace, provider="evolution")
    channel = numbers.channel(
        world.workspace,
        provider="evolution",
        phone="+5511987654321",
        external_id=None,
        integration=connected,
    )
    shop = Shop(world.workspace, connected, channel)
    alone = GOLDEN / "evolution/inbound/text_of_lid_alone/body.json"

    shop.process(alone.read_bytes())

    assert shop.rows(Identity).get().kind == "lid"
    assert not shop.rows(LidLookup).exists()


@pytest.mark.django_db(transaction=True)
def test_open_pages_hear_of_the_phone(place: Place, world: World) -> None:
    place.shop.process(body())
    place.twin.lids[LID] = f"{PHONE}@c.us"
    news.told(world.workspace)

    place.run()

    talk = place.shop.rows(Conversation).get()
    assert news.told(world.workspace) == {"conversation": {str(talk.key)}}


def test_what_the_gateway_posts_and_answers_leads_to_the_phone(place: Place) -> None:
    with listening(plain()) as receiver:
        hook = {"url": receiver.url("/webhooks/whatsapp/t/"), "events": ["*"]}
        place.twin.sessions[NAME].config = {"webhooks": [hook]}
        place.twin.sessions[NAME].me = {"id": "5511987654321@c.us"}
        place.twin.say(NAME, LID, "Olá", "3EB0A1")
    _, _, posted = receiver.requests[0].partition(b"\r\n\r\n")
    place.twin.lids[LID] = f"{PHONE}@s.whatsapp.net"

    place.shop.process(posted)
    with as_app():
        tasks.look_up_lids()

    assert place.names() == {("lid", LID), ("wa_id", PHONE)}
    assert place.shop.rows(Message).get().conversation is not None


# --- no phone ---------------------------------------------------------------------
def test_unknown_id_is_asked_about_again_with_growing_pauses_and_then_no_more(
    place: Place,
) -> None:
    place.shop.process(body())
    waits = []

    for pause in PAUSES:
        assert place.run().outcomes == {"unknown": 1}
        assert place.run().outcomes == {}, "it is not due yet"
        waits.append(round(wait_of(place.lookup).total_seconds() / 60))
        time_passes(seconds=pause.total_seconds())
    assert place.run().outcomes == {"unknown": 1}

    assert waits == [1, 10, 60, 24 * 60]
    assert place.lookup.next_at is None
    time_passes(days=30)
    place.shop.process(body(id_="B2"))
    assert place.run().outcomes == {}
    assert len(place.asked) == len(PAUSES) + 1


def test_phone_that_is_learned_later_is_found(place: Place) -> None:
    place.shop.process(body())
    place.run()
    place.twin.lids[LID] = f"{PHONE}@c.us"
    time_passes(minutes=1)

    assert place.run().outcomes == {"found": 1}
    assert ("wa_id", PHONE) in place.names()


@pytest.mark.parametrize("fault", ["html", "401", "429", "500"])
def test_trouble_is_no_answer_and_leaves_everything_as_it_was(
    place: Place, fault: str
) -> None:
    place.shop.process(body())
    place.twin.fault = fault

    assert place.run().outcomes == {"missed": 1}

    lookup = place.lookup
    assert (lookup.tries, lookup.misses, lookup.lease_token) == (0, 1, None)
    assert timedelta(0) < wait_of(lookup) < timedelta(minutes=1)
    assert place.names() == {("lid", LID)}

    place.twin.fault = ""
    place.twin.lids[LID] = f"{PHONE}@c.us"
    time_passes(minutes=1)
    assert place.run().outcomes == {"found": 1}


def test_answer_about_somebody_else_joins_nobody(place: Place) -> None:
    place.shop.process(body())
    place.twin.answer = lambda *asked: (  # type: ignore[method-assign]
        200,
        {"lid": "99999999999999@lid", "pn": f"{PHONE}@c.us"},
    )

    assert place.run().outcomes == {"missed": 1}
    assert place.names() == {("lid", LID)}


def test_server_that_is_down_is_asked_less_and_less_and_never_given_up(
    place: Place,
) -> None:
    place.shop.process(body())
    place.twin.fault = "500"
    waits = []

    for _ in range(6):
        place.run()
        waits.append(round(wait_of(place.lookup).total_seconds() / 60))
        time_passes(days=1)

    assert waits == [1, 10, 60, 1440, 1440, 1440]
    assert place.lookup.tries == 0


def test_who_was_not_seen_for_weeks_and_cannot_be_asked_about_is_let_go(
    place: Place,
) -> None:
    place.shop.process(body())
    place.twin.fault = "500"
    weeks_ago = timezone.now() - timedelta(days=15)
    place.shop.rows(Identity).update(last_seen_at=weeks_ago)

    place.run()
    assert not place.shop.rows(LidLookup).exists()

    place.twin.fault = ""
    place.shop.process(body(id_="B2"))
    assert place.run().outcomes == {"unknown": 1}


def test_failed_question_is_in_the_log_without_the_person(place: Place) -> None:
    place.shop.process(body())
    place.twin.fault = "500"

    place.run()

    log = place.shop.rows(ChannelLog).get()
    assert (log.operation, log.status_code) == ("find_by_lid", 500)
    assert log.channel == place.shop.channel
    written = f"{log.url}{log.request}{log.response}"
    assert LID.partition("@")[0] not in written
    assert golden.credentials("waha")["api_key"] not in written


# --- who is asked -----------------------------------------------------------------
def test_nobody_is_asked_while_no_session_is_connected(place: Place) -> None:
    place.shop.process(body())
    Session.objects.unscoped("test").update(state="disconnected")

    assert place.run().outcomes == {"unasked": 1}

    assert place.asked == []
    assert timedelta(minutes=9) < wait_of(place.lookup) < timedelta(minutes=10)
    Session.objects.unscoped("test").update(state="connected")
    time_passes(minutes=10)
    assert place.run().outcomes == {"unknown": 1}


def test_phone_that_is_told_meanwhile_needs_no_question(place: Place) -> None:
    place.shop.process(body())
    place.shop.process(body("lid_with_phone", id_="B2"))

    assert place.run().outcomes == {"found": 1}

    assert place.asked == []
    assert place.lookup.next_at is None


@pytest.mark.parametrize("case", ["lid_with_phone", "text", "group_message", "echo"])
def test_message_that_hides_nobody_asks_for_nothing(place: Place, case: str) -> None:
    place.shop.process(body(case))

    assert not place.shop.rows(LidLookup).exists()


def test_each_id_is_wanted_once_however_often_they_write(place: Place) -> None:
    for number in range(3):
        place.shop.process(
            body(id_=f"B{number}"), body(id_=f"C{number}", sender="111112222233333@lid")
        )

    assert place.shop.rows(LidLookup).count() == 2
