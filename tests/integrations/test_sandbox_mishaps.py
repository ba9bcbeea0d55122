"""A sandbox number that loses its phone, and a gateway that does not do what it should."""

import pytest
from django.utils import timezone

from integrations import gateway
from integrations.models import Episode
from integrations.providers.base.errors import OutcomeUnknown
from integrations.providers.base.types import Party
from integrations.services import connections, monitor, removal, sandbox, sessions
from integrations.services.sessions import Actor, SessionFailed
from integrations.services.simulated import NoInternet
from tests import itself
from tests.factories import integrations as make
from tests.integrations.holder import Holder, linked, look, work
from tests.integrations.opening import open_session
from tests.integrations.pairing import fresh, make_due
from tests.walls import as_app
from webhooks.models import RawWebhook

ANA = Party(wa_id="5511987650001", name="Ana")


@pytest.fixture
def recado(transactional_db, settings, monkeypatch):
    with itself.served(settings, monkeypatch) as server:
        yield server


@pytest.fixture
def channel(recado, world):
    return make.sandbox_number(world.workspace, is_linked=False)


@pytest.fixture
def phone(channel, world):
    """What whoever holds the phone does with it."""
    return Holder(channel, world.owner)


# --- dropping ---------------------------------------------------------------------
def test_unlinking_is_told_and_opens_an_outage_that_pairing_anew_closes(channel, phone):
    session = linked(channel, phone)

    phone.unlink()
    work()

    after = fresh(session)
    assert (after.state, after.signal) == ("disconnected", "provider")
    assert after.reason == "The phone has unlinked Recado; scan a new code to connect."
    assert Episode.objects.unscoped("test").get().closed_at is None

    again = open_session(channel)
    assert (again.pk, again.state) == (session.pk, "disconnected")
    phone.scan(again.payload)
    look(channel)
    work()

    assert fresh(session).state == "connected"
    assert Episode.objects.unscoped("test").get().closed_at is not None


@pytest.mark.parametrize("mishap", ["untold", "offline"])
def test_unlinking_that_nobody_tells_is_found_by_the_monitor(channel, phone, mishap):
    session = linked(channel, phone)
    before = RawWebhook.objects.count()
    phone.let(mishap)

    done = phone.unlink()

    assert (done.is_new, done.is_told) == (True, False)
    assert RawWebhook.objects.count() == before
    assert fresh(session).state == "connected"
    make_due(session)
    with as_app():
        monitor.run()
    after = fresh(session)
    assert (after.state, after.signal) == ("disconnected", "probe")


def test_unlinking_twice_is_unlinking_once(channel, phone):
    linked(channel, phone)
    phone.unlink()
    before = RawWebhook.objects.count()

    assert not phone.unlink().is_new
    assert RawWebhook.objects.count() == before


def test_what_customers_write_reaches_recado_only_through_a_linked_phone(
    channel, phone
):
    def write():
        now = timezone.now()
        event = sandbox.message(f"m-{now.timestamp()}", sender=ANA, at=now, text="Oi")
        with as_app():
            sandbox.post(channel, [event])

    with pytest.raises(sandbox.NotDelivered, match="not_linked"):
        write()
    linked(channel, phone)
    write()
    phone.let("offline")
    with pytest.raises(sandbox.NotDelivered, match="offline"):
        write()
    work()

    assert RawWebhook.objects.filter(outcome__messages=1).count() == 1


def test_a_phone_without_internet_links_nothing_and_says_nothing(channel, phone):
    session = linked(channel, phone)
    phone.let("offline")
    assert look(channel).state == "connected"  # nobody knows better

    phone.unlink()
    open_session(channel)
    with pytest.raises(NoInternet):
        phone.tell("ABCD2345")

    assert look(channel).pk == session.pk


def test_disconnecting_in_recado_signs_out_on_the_phone(channel, phone, world):
    linked(channel, phone)

    with as_app():
        sessions.disconnect(channel, actor=Actor(user=world.owner))

    assert (phone.row.is_linked, phone.row.unlinked_by) == (False, "recado")
    session = open_session(channel)
    phone.scan(session.payload)
    assert look(channel).state == "connected"


def test_starting_clean_shows_a_new_code(channel):
    first = open_session(channel)

    with as_app():
        second = sessions.start_clean(channel)

    assert second.pk != first.pk
    assert second.payload not in ("", first.payload)


def test_a_number_that_was_removed_and_added_again_waits_for_its_phone(
    channel, phone, world
):
    linked(channel, phone)
    with as_app():
        removed = removal.remove(channel, actor=Actor(user=world.owner))
    assert removed.left_behind is None
    assert not phone.row.is_linked

    with as_app():
        again = connections.add_integration(
            workspace=world.workspace,
            provider="sandbox",
            name="De novo",
            credentials={
                "phone_number": channel.phone,
                "webhook_secret": "another-word",
            },
            now=timezone.now(),
        )

    assert again.channel.pk == channel.pk
    session = open_session(again.channel)
    assert session.state == "awaiting_user"
    phone.scan(session.payload)
    assert look(again.channel).state == "connected"


# --- mishaps of the gateway -------------------------------------------------------
@pytest.mark.parametrize(
    ("mishap", "state", "problem"),
    [
        ("unsteady", "degraded", "unsteady"),
        ("key_refused", "disconnected", "key_wrong"),
    ],
)
def test_a_mishap_that_counts_at_once(channel, phone, mishap, state, problem):
    linked(channel, phone)
    phone.let(mishap)

    after = look(channel)

    assert (after.state, after.problem) == (state, problem)


@pytest.mark.parametrize(
    ("mishap", "problem"), [("html", "unreadable"), ("down", "unavailable")]
)
def test_a_mishap_that_counts_when_it_goes_on(channel, phone, mishap, problem):
    linked(channel, phone)
    phone.let(mishap)

    seen = [look(channel).state for _ in range(3)]

    assert seen == ["connected", "connected", "degraded"]
    assert look(channel).problem == problem
    phone.let("")
    assert look(channel).state == "connected"


def test_a_gateway_that_cannot_be_told_keeps_the_session_open(channel, phone, world):
    linked(channel, phone)
    phone.let("down")

    with as_app(), pytest.raises(SessionFailed):
        sessions.disconnect(channel, actor=Actor(user=world.owner))

    assert phone.row.is_linked
    session = sessions.find_session(channel)
    assert session is not None
    assert session.is_open


def test_a_gateway_that_hangs_is_given_up_in_time(channel, phone):
    phone.let("hanging")
    with as_app():
        line = gateway.open_line(channel.integration, channel_id=channel.pk, deadline=1)
        with pytest.raises(OutcomeUnknown):
            line.adapter.session_status("", line.credentials, line.http)
