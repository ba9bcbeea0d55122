"""A number is live in one workspace: who connects it first has it, until it is removed."""

from datetime import timedelta
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import claims, gateway, settling
from integrations.models import Channel, NumberClaim, Session
from integrations.news import News
from integrations.providers.base.types import NumberRef
from integrations.selectors import routing
from integrations.services import monitor, removal, sessions
from integrations.services.sessions import Actor
from tests.factories import integrations as make
from tests.integrations.pairing import fresh, make_due, number, time_passes
from tests.threads import Job, eventually, is_waited_for, together
from tests.twins import numbers, pairing
from tests.walls import as_app

migration = import_module("integrations.migrations.0007_claims")

PHONE = "+5511987654321"
OLD_FORM = "+551187654321"


def connect(workspace, provider="waha", phone=PHONE):
    """Its first session comes to be connected; the channel and how its session ended up."""
    channel = make.channel(workspace, provider=provider, phone=phone, external_id=None)
    return channel, scan(channel)


def scan(channel):
    """The provider says that the phone is there."""
    session = make.session(channel, state="awaiting_user", kind="qr")
    with as_app(), workspace_transaction(channel.workspace_id):
        held = settling.hold_open(channel)
        assert held is not None
        held.state = "connected"
        settling.settle(held, before="awaiting_user", now=timezone.now())
    return fresh(session)


def outcome(session):
    return session.state, session.problem


# --- who has a number -------------------------------------------------------------
@pytest.mark.parametrize("phone", [PHONE, OLD_FORM])
@pytest.mark.parametrize("provider", ["waha", "evolution"])
def test_a_number_is_live_in_one_workspace_whatever_its_form_and_provider(
    world, provider, phone
):
    ours, first = connect(world.workspace)
    theirs, second = connect(world.other_workspace, provider, phone)

    assert outcome(first) == ("connected", "")
    assert outcome(second) == ("failed", "number_taken")
    assert (second.connected_at, second.reason) == (None, "")
    claim = NumberClaim.objects.unscoped("test").get()
    assert list(claim.channels.all()) == [ours]
    theirs.refresh_from_db()
    assert (theirs.claim_id, theirs.state) == (None, "new")


def test_the_database_keeps_a_number_from_a_second_workspace(world):
    connect(world.workspace)

    with pytest.raises(IntegrityError, match="numberclaim_number_live_once"):
        NumberClaim.objects.create(
            workspace=world.other_workspace, number_key="5511987654321"
        )


def test_a_claim_of_another_workspace_cannot_be_held(world):
    ours, _ = connect(world.workspace)
    ours.refresh_from_db()
    theirs = make.channel(world.other_workspace)
    Channel.objects.unscoped("test").filter(pk=theirs.pk).update(claim=ours.claim)

    with pytest.raises(IntegrityError, match="claim_id_tenant"):
        connection.check_constraints()


def test_what_was_never_connected_keeps_a_number_from_nobody(world, twin):
    abandoned = number(world.other_workspace, twin.url, phone=PHONE)
    session = sessions.open_session(abandoned)
    time_passes(session, minutes=16)
    make_due(session)
    monitor.run()
    assert fresh(session).state == "expired"

    _, ours = connect(world.workspace, pairing.SLUG)

    assert outcome(ours) == ("connected", "")


def test_who_waits_for_a_phone_loses_to_who_has_it(world, twin):
    squatter = number(world.other_workspace, twin.url, phone=PHONE)
    waiting = sessions.open_session(squatter)

    _, ours = connect(world.workspace, pairing.SLUG)

    assert fresh(waiting).state == "awaiting_user"
    assert outcome(ours) == ("connected", "")


def test_a_phone_that_is_live_elsewhere_is_unlinked_again(world, twin):
    connect(world.other_workspace)
    channel = number(world.workspace, twin.url, phone=PHONE)
    session = sessions.open_session(channel)
    twin.sessions[PHONE[1:]] = {"state": "connected", "phone": PHONE[1:]}
    time_passes(session, seconds=3)

    with as_app():
        session = sessions.refresh(session)

    assert outcome(session) == ("failed", "number_taken")
    assert PHONE[1:] not in twin.sessions


def test_a_message_makes_no_number_of_another_workspace_ours(world, twin):
    connect(world.other_workspace)
    channel = number(world.workspace, twin.url, phone=PHONE)
    session = sessions.open_session(channel)
    twin.sessions[PHONE[1:]] = {"state": "connected", "phone": PHONE[1:]}

    with as_app():
        gateway.note_news(News(signs={channel.pk}), workspace_id=channel.workspace_id)
    after_the_message = fresh(session)
    with as_app():
        monitor.run()

    assert after_the_message.is_pending
    assert outcome(fresh(session)) == ("failed", "number_taken")
    assert PHONE[1:] not in twin.sessions


def test_a_number_is_free_once_its_last_channel_was_removed(world):
    first, _ = connect(world.other_workspace)
    second, _ = connect(world.other_workspace, "evolution")
    actor = Actor(label="test")

    with as_app():
        removal.remove(first, actor=actor)
    _, while_one_is_left = connect(world.workspace)
    with as_app():
        removal.remove(second, actor=actor)
    channel = Channel.objects.unscoped("test").get(workspace=world.workspace)
    after = scan(channel)

    assert outcome(while_one_is_left) == ("failed", "number_taken")
    assert outcome(after) == ("connected", "")
    assert not NumberClaim.objects.for_workspace(world.other_workspace).exists()


def test_a_number_that_is_down_stays_with_who_connected_it(world):
    channel, _ = connect(world.other_workspace)
    Session.objects.unscoped("test").update(
        ended_at=timezone.now(), state="disconnected"
    )

    _, theirs = connect(world.workspace)
    again = scan(channel)

    assert outcome(theirs) == ("failed", "number_taken")
    assert outcome(again) == ("connected", "")


def test_two_providers_of_one_workspace_share_a_number(world):
    first, _ = connect(world.workspace)
    second, session = connect(world.workspace, "evolution", OLD_FORM)

    assert outcome(session) == ("connected", "")
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.claim == second.claim is not None


def test_two_forms_of_a_number_are_not_two_numbers_of_one_provider(world):
    connect(world.workspace)
    _, second = connect(world.workspace, phone=OLD_FORM)

    assert outcome(second) == ("failed", "number_taken")


def test_a_simulated_phone_keeps_no_real_number_from_anybody(world):
    _, simulated = connect(world.other_workspace, "sandbox")
    _, real = connect(world.workspace)
    _, simulated_too = connect(world.workspace, "sandbox")

    assert [simulated.state, real.state] == ["connected", "connected"]
    assert outcome(simulated_too) == ("failed", "number_taken")


def test_a_provider_s_id_is_routed_to_who_has_the_number(world):
    """The body of a shared URL must satisfy the secrets of whoever it is routed to."""
    squatter = make.meta_number(world.other_workspace)
    owner = make.meta_number(world.workspace)
    told = [NumberRef(external_id=owner.external_id, phone=owner.phone[1:])]
    with as_app():
        before = routing.list_integrations_by_number("meta_cloud", told)

    make.claimed(owner)

    with as_app():
        after = routing.list_integrations_by_number("meta_cloud", told)
    assert {one.pk for one in before} == {
        squatter.integration_id,
        owner.integration_id,
    }
    assert [one.pk for one in after] == [owner.integration_id]


# --- a database from before -------------------------------------------------------
def test_numbers_that_are_live_twice_stay_with_who_connected_them_first(world, caplog):
    ago = timezone.now() - timedelta(days=9)
    younger = _before(world.workspace, "waha", PHONE)
    older = _before(world.other_workspace, "evolution", OLD_FORM, connected_at=ago)
    beside = _before(world.other_workspace, "waha", PHONE)
    other_form = _before(world.other_workspace, "waha", OLD_FORM)
    waiting = _before(world.workspace, "waha", "+5511911112222", connected_at=None)
    simulated = _before(world.workspace, "sandbox", PHONE)

    migration._claim(apps, connection.schema_editor())

    rows = Channel.objects.unscoped("test").select_related("claim")
    keys = {row.pk: row.claim.number_key if row.claim else None for row in rows}
    assert keys == {
        older.pk: "5511987654321",
        beside.pk: "5511987654321",
        simulated.pk: "sandbox 5511987654321",
        younger.pk: None,
        other_form.pk: None,
        waiting.pk: None,
    }
    told = {record.channel_id for record in caplog.records}
    assert told == {younger.pk, other_form.pk}
    assert "87654321" not in caplog.text


def _before(workspace, provider, phone, **session):
    channel = make.channel(workspace, provider=provider, phone=phone, external_id=None)
    make.session(channel, **session)
    return channel


# --- two at once ------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_workspaces_that_connect_at_once_one_has_the_number(world, twin):
    with numbers.running() as other_twin:
        settings.EGRESS_ALLOWED_HOSTS.append(other_twin.host)
        try:
            ends = _both_connect(world, twin, other_twin)
        finally:
            settings.EGRESS_ALLOWED_HOSTS.remove(other_twin.host)

    assert sorted(map(outcome, ends)) == [
        ("connected", ""),
        ("failed", "number_taken"),
    ]
    assert NumberClaim.objects.unscoped("test").count() == 1
    winner = Channel.objects.unscoped("test").exclude(claim=None).get()
    assert {one.channel_id for one in ends if one.state == "connected"} == {winner.pk}


def _both_connect(world, twin, other_twin):
    begun = []
    for workspace, phone, its_twin in (
        (world.workspace, PHONE, twin),
        (world.other_workspace, OLD_FORM, other_twin),
    ):
        channel = number(workspace, its_twin.url, phone=phone)
        session = sessions.open_session(channel)
        its_twin.sessions[phone[1:]] = {"state": "connected", "phone": phone[1:]}
        time_passes(session, seconds=3)
        begun.append(session)
    together(*(partial(sessions.refresh, one) for one in begun))
    return [fresh(one) for one in begun]


@pytest.mark.django_db(transaction=True)
def test_who_claims_waits_for_who_is_about_to(world):
    """Neither sees the other's row before it is committed: the index decides."""
    ours = make.channel(world.workspace, provider="waha", phone=PHONE)
    theirs = make.channel(world.other_workspace, provider="evolution", phone=OLD_FORM)

    def rival():
        with workspace_transaction(theirs.workspace_id):
            return claims.take(theirs)

    with workspace_transaction(ours.workspace_id):
        assert claims.take(ours)
        rivalling = Job(rival)
        eventually(is_waited_for)

    assert rivalling.result() is False
