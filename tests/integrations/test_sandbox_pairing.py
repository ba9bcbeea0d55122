"""A sandbox number is linked to its phone, from both sides, over real HTTP to Recado itself."""

import importlib
import json
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts.models import AuditEvent
from integrations.models import Channel, ChannelLog, Session, SimulatedPhone
from integrations.providers.sandbox import codes
from integrations.services import sessions, webhook_urls
from integrations.services.simulated import CodeInvalid, NoCode
from tests import itself
from tests.commands import run as command
from tests.factories import integrations as make
from tests.integrations.holder import Holder, look
from tests.integrations.opening import open_session
from tests.integrations.pairing import connected, fresh
from tests.walls import as_app
from webhooks.models import RawWebhook


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
