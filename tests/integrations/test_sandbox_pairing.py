"""A sandbox number and its phone, from both sides, over real HTTP to Recado itself."""

import importlib
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import Channel, ChannelLog, Episode, Session, SimulatedPhone
from integrations.providers.base.errors import OutcomeUnknown
from integrations.providers.base.types import Party
from integrations.providers.sandbox import codes
from integrations.services import (
    connections,
    monitor,
    removal,
    sandbox,
    sessions,
    simulated,
    webhook_urls,
)
from integrations.services.sessions import Actor, SessionFailed
from integrations.services.simulated import CodeInvalid, NoCode, NoInternet
from tests import itself
from tests.commands import run as command
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh, make_due, time_passes
from tests.walls import as_app
from webhooks import processing
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


class Holder:
    def __init__(self, channel, person):
        self.channel, self.person = channel, person

    @property
    def row(self):
        return SimulatedPhone.objects.unscoped("test").get(channel=self.channel)

    def scan(self, payload):
        return self.tell(payload.rpartition("code=")[2])

    def tell(self, code):
        now = timezone.now()
        with as_app():
            return simulated.link(self.channel, code=code, now=now, actor=self.person)

    def unlink(self):
        with as_app():
            return simulated.unlink(self.channel, now=timezone.now(), actor=self.person)

    def let(self, mishap):
        with as_app():
            simulated.set_mishap(self.channel, mishap)

    def wait(self, **how_long):
        SimulatedPhone.objects.unscoped("test").update(
            asked_at=F("asked_at") - timedelta(**how_long)
        )


def open_session(channel, **options):
    with as_app():
        return sessions.open_session(channel, **options)


def look(channel):
    session = sessions.find_session(channel)
    assert session is not None
    time_passes(session, seconds=3)
    with as_app():
        return sessions.refresh(session)


def work():
    with as_app():
        processing.drain(budget_seconds=30)


def linked(channel, phone):
    session = open_session(channel)
    phone.scan(session.payload)
    look(channel)
    work()
    return fresh(session)


# --- linking ----------------------------------------------------------------------
def test_a_code_is_shown_scanned_and_the_number_is_connected(channel, phone, world):
    session = open_session(channel)
    assert (session.kind, session.state) == ("qr", "awaiting_user")
    assert f"/sandbox/phone/{channel.key}/?code=" in session.payload
    assert session.pairing_code == ""
    assert 0 < (session.code_expires_at - timezone.now()).total_seconds() <= 61

    done = phone.scan(session.payload)

    assert (done.is_new, done.is_told, done.unheard) == (True, True, "")
    after = look(channel)
    assert (after.state, after.payload) == ("connected", "")
    channel.refresh_from_db()
    assert channel.state == "connected"
    actions = AuditEvent.objects.for_workspace(world.workspace).values_list(
        "action", "actor"
    )
    assert ("integration.phone_linked", world.owner.pk) in actions


def test_codes_change_every_minute_and_end_after_five(channel, phone):
    first = open_session(channel, wants_pairing_code=True)

    phone.wait(seconds=60)
    second = look(channel)
    phone.wait(seconds=codes.MOST * 60)
    last = look(channel)

    assert second.state == "awaiting_user"
    assert "" not in (second.payload, second.pairing_code)
    assert first.payload != second.payload
    assert first.pairing_code != second.pairing_code
    assert (last.state, last.payload, last.pairing_code) == ("awaiting_user", "", "")
    assert last.reason == "Nobody scanned the code in time; ask for a new one."
    with as_app():
        again = sessions.reconnect(channel)
    assert again.pk == first.pk
    assert again.payload not in ("", first.payload, second.payload)


def test_asking_twice_shows_the_same_code(channel):
    first = open_session(channel)

    second = open_session(channel)

    assert second.payload == first.payload


def test_a_code_to_type_is_there_once_asked_for_and_stays_for_the_round(channel, phone):
    first = open_session(channel)
    assert first.pairing_code == ""
    typed = open_session(channel, wants_pairing_code=True).pairing_code
    again = open_session(channel)

    assert (again.payload, again.pairing_code) == (first.payload, typed)
    phone.tell(f"{typed[:4].lower()}-{typed[4:]}")
    assert look(channel).state == "connected"


@pytest.mark.parametrize("late_by", [60, 3600])
def test_a_code_that_has_expired_links_nothing(channel, phone, late_by):
    session = open_session(channel)
    phone.wait(seconds=late_by)

    with pytest.raises((CodeInvalid, NoCode)):
        phone.scan(session.payload)

    assert not phone.row.is_linked
    assert RawWebhook.objects.count() == 0


def test_a_phone_that_is_too_late_makes_recado_show_another_code(channel, phone):
    phone.let("too_late")
    session = open_session(channel)

    with pytest.raises(CodeInvalid):
        phone.scan(session.payload)

    after = look(channel)
    assert after.state == "awaiting_user"
    assert after.payload not in ("", session.payload)
    phone.let("")
    phone.scan(after.payload)
    assert look(channel).state == "connected"


def test_nobody_links_what_nobody_asked_for(phone):
    with pytest.raises(NoCode):
        phone.tell("")
    with pytest.raises(NoCode):
        phone.tell("ABCD2345")


def test_a_code_of_another_number_is_none_of_this_one(channel, phone, world):
    other = make.sandbox_number(world.workspace, is_linked=False)
    open_session(channel)
    session = open_session(other)

    with pytest.raises(CodeInvalid):
        phone.scan(session.payload)


def test_linking_twice_is_linking_once(channel, phone):
    session = open_session(channel)
    phone.scan(session.payload)

    again = phone.scan(session.payload)

    assert not again.is_new
    assert RawWebhook.objects.count() == 1


def test_another_phone_is_refused_and_its_link_is_ended(channel, phone):
    phone.let("other_phone")
    session = open_session(channel)
    phone.scan(session.payload)

    after = look(channel)

    assert (after.state, after.problem) == ("failed", "number_wrong")
    assert (phone.row.linked_phone, phone.row.unlinked_by) == ("", "recado")


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


# --- webhook addresses and logs -----------------------------------------------------
def test_the_webhook_is_set_and_read_back_by_api(channel, phone):
    with as_app():
        assert not webhook_urls.read_back(channel).is_ours
        told = webhook_urls.subscribe(channel)

    assert told.is_complete
    with as_app():
        assert webhook_urls.read_back(channel).is_ours


def test_no_log_of_an_exchange_shows_a_key_a_code_or_a_token(channel, phone):
    session = open_session(channel, wants_pairing_code=True)
    code = session.payload.rpartition("code=")[2]
    phone.scan(session.payload)

    assert channel.integration is not None
    with as_app():
        token = webhook_urls.current(channel.integration).rstrip("/").rpartition("/")[2]
    logs = list(ChannelLog.objects.unscoped("test"))
    assert {log.operation for log in logs} == {"create_session", "simulated_phone"}
    told = " ".join(f"{log.url} {log.request} {log.response}" for log in logs)
    for secret in (make.SANDBOX_SECRET, code, session.pairing_code, token):
        assert secret not in told


# --- numbers that work from the start ---------------------------------------------
def test_a_number_added_by_command_is_linked_at_once(recado, world):
    told = json.dumps({"phone_number": "+5511900000001", "webhook_secret": "some-word"})
    arguments = ("--workspace", "padaria", "--provider", "sandbox", "--name", "Shop")

    ran = command("add_integration", *arguments, stdin=told.encode())

    assert ran.code == 0
    channel = Channel.objects.unscoped("test").get()
    session = Session.objects.unscoped("test").get()
    assert (session.kind, session.state) == ("qr", "connected")
    assert channel.state == "connected"
    assert look(channel).state == "connected"
    with as_app():
        assert webhook_urls.read_back(channel).is_ours


def test_numbers_that_were_in_use_before_stay_linked(world):
    """As the migration runs it: bound by the walls, workspace by workspace."""
    used, elsewhere = (
        make.sandbox_number(one) for one in (world.workspace, world.other_workspace)
    )
    removed = make.sandbox_number(world.workspace, is_active=False)
    make.meta_number(world.workspace)
    SimulatedPhone.objects.unscoped("test").all().delete()
    session = connected(used)
    Session.objects.unscoped("test").update(kind="credentials")
    assert used.integration is not None
    with as_app():
        url = webhook_urls.current(used.integration)
    name = "integrations.migrations.0005_simulated_phone"
    state = MigrationLoader(connection).project_state(
        ("integrations", name.rpartition(".")[2])
    )

    with as_app():
        migration = importlib.import_module(name)
        migration._link_those_in_use(state.apps, SimpleNamespace(connection=connection))

    phones = {one.channel_id: one for one in SimulatedPhone.objects.unscoped("test")}
    assert phones.keys() == {used.pk, elsewhere.pk}
    assert removed.pk not in phones
    assert phones[used.pk].linked_phone == used.phone.removeprefix("+")
    assert bytes(phones[used.pk].posts_to or b"") == webhook_urls.digest_of(url)
    assert phones[elsewhere.pk].posts_to is None
    assert fresh(session).kind == "qr"
