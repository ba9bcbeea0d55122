"""An outage from the word, the silence or the answer that begins it until it is over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import gateway, health, settling
from integrations.failures import Failure
from integrations.models import Episode, EpisodeEnd, Problem, Session
from integrations.providers.base.types import AccountEvent, NumberRef, SessionReport
from integrations.selectors import episodes
from integrations.services import answers
from tests import news
from tests.factories import integrations as make
from tests.integrations.outages import episode_of, sign, word
from tests.integrations.pairing import connected, fresh, row, time_passes
from tests.walls import as_app


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace, display_name="Balcão"))


# --- open pages ---------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_open_pages_are_told_of_its_begin_its_end_and_its_return(session):
    workspace = session.workspace
    news.told(workspace)

    session = word(session, "disconnected")
    told_of = {"outage": {str(episode_of(session).key)}}
    assert news.told(workspace) == told_of
    session = word(session, "connected")
    assert news.told(workspace) == told_of
    session = word(session, "disconnected")
    assert news.told(workspace) == told_of

    word(session, "disconnected")
    assert news.told(workspace) == {}


# --- the provider's word ------------------------------------------------------------
def test_a_word_opens_an_episode_at_once_and_has_the_number_asked(session):
    after = word(session, "disconnected", detail="logged out on the phone")

    assert (after.state, after.signal) == ("disconnected", "provider")
    assert after.reason == "logged out on the phone"
    assert after.next_check_at <= timezone.now()
    assert episode_of(session).signal == "provider"


def test_a_word_without_a_state_only_has_the_number_asked(session):
    row(session).update(next_check_at=Now() + timedelta(hours=1))

    after = word(session, None, kind="account_update")

    assert (after.state, after.told_state) == ("connected", "")
    assert after.next_check_at <= timezone.now()


def test_a_word_about_quality_is_kept(session):
    word(session, None, kind="quality", quality="RED")

    session.channel.refresh_from_db()
    assert session.channel.quality == "RED"


def test_the_phone_comes_back_and_the_episode_closes(session):
    word(session, "disconnected")
    after = word(session, "connected")

    assert after.state == "connected"
    assert episode_of(session).closed_at is not None


def test_a_message_closes_it_too(session):
    word(session, "disconnected")

    assert sign(session).state == "connected"
    assert episode_of(session).closed_at is not None


def test_a_word_during_pairing_is_asked_not_believed(session):
    row(session).update(state="awaiting_user", connected_at=None)

    after = word(session, "connected")

    assert after.state == "awaiting_user"
    assert after.next_check_at <= timezone.now()


def test_news_of_another_workspace_reach_nobody(session, world):
    now = timezone.now()
    event = AccountEvent(number=NumberRef(), kind="x", state="disconnected")
    news = gateway.News([(session.channel_id, event, now)], {session.channel_id})

    with as_app():
        gateway.note_news(news, workspace_id=world.other_workspace.pk)

    assert fresh(session).state == "connected"


def test_a_number_without_a_session_is_as_well_as_its_messages(session):
    word(session, "disconnected")
    row(session).update(ended_at=Now())

    sign(session)

    session.channel.refresh_from_db()
    assert session.channel.state == "connected"
    assert episode_of(session).closed_at is not None


# --- silence ------------------------------------------------------------------------
def silence(session, since):
    with as_app():
        gateway.note_silence(
            {session.channel_id: since}, workspace_id=session.workspace_id
        )
    return fresh(session)


def test_silence_is_unsteady_and_an_episode_since_the_last_message(session):
    since = timezone.now() - timedelta(hours=3)

    after = silence(session, since)

    assert (after.state, after.signal, after.problem) == (
        "degraded",
        "silence",
        "silent",
    )
    assert episode_of(session).opened_at == since


def test_it_ends_with_the_next_message_or_the_next_judgement(session):
    silence(session, timezone.now() - timedelta(hours=3))
    assert sign(session).state == "connected"
    silence(session, timezone.now() - timedelta(hours=3))

    assert silence(session, None).state == "connected"


def answer(session, told):
    """What the monitor heard of it."""
    with as_app(), workspace_transaction(session.workspace_id):
        held = Session.objects.for_workspace(session.workspace_id).get(pk=session.pk)
        answers.take_answer(held, told, now=settling.database_now())
    return fresh(session)


def test_a_number_that_is_back_is_well_although_nobody_wrote_meanwhile(session):
    word(session, "disconnected")
    answer(session, SessionReport(state="awaiting_user"))
    silence(session, timezone.now() - timedelta(hours=5))
    time_passes(session, minutes=20)

    after = answer(session, SessionReport(state="connected"))

    assert after.state == "connected"
    assert episode_of(session).closed_at is not None


def test_being_asked_to_wait_closes_no_alert(session):
    word(session, "disconnected")
    time_passes(session, minutes=3)

    after = answer(session, Failure(Problem.BUSY, retry_after=60))

    assert after.state == "disconnected"
    assert episode_of(session).closed_at is None


@pytest.mark.parametrize("wait", [60, 3600, 86_400])
def test_however_long_we_are_told_to_wait_it_is_seen_within_the_quarter_of_an_hour(
    session, wait
):
    after = answer(session, Failure(Problem.BUSY, retry_after=wait))
    assert after.next_check_at <= timezone.now() + health.UNSEEN_LASTS
    time_passes(session, minutes=15)

    after = answer(session, Failure(Problem.BUSY, retry_after=wait))

    assert (after.state, after.problem) == ("degraded", "busy")


def test_what_goes_wrong_after_somebody_took_it_off_is_an_outage_of_its_own(session):
    word(session, "disconnected")
    with as_app(), workspace_transaction(session.workspace_id):
        settling.close_episode(
            session.workspace_id,
            session.channel_id,
            now=settling.database_now(),
            end=EpisodeEnd.TAKEN_OFF,
        )
    word(session, "connected")

    word(session, "disconnected")

    first, second = Episode.objects.unscoped("test").order_by("pk")
    assert (first.end, first.relapses) == ("taken_off", 0)
    assert second.closed_at is None


# --- what pages ask -----------------------------------------------------------------
def test_the_banner_lists_what_lasts_in_this_workspace_alone(session, world):
    word(session, "disconnected")
    other = connected(make.sandbox_number(world.other_workspace))
    word(other, "disconnected")

    [shown] = episodes.list_open(world.workspace)

    assert shown.channel == session.channel
    assert list(episodes.list_of(session.channel)) == [shown]
    lasted = episodes.duration(shown, now=shown.opened_at + timedelta(minutes=5))
    assert lasted == timedelta(minutes=5)


def test_one_query_serves_the_banner(session, world, django_assert_num_queries):
    word(session, "disconnected")

    with django_assert_num_queries(1):
        assert [one.channel.display_name for one in episodes.list_open(world.workspace)]


def test_an_episode_of_another_workspaces_channel_cannot_be_stored(session, world):
    stray = Episode(
        workspace=world.other_workspace,
        channel=session.channel,
        state="disconnected",
        signal="probe",
        opened_at=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError), transaction.atomic():
        stray.save()


def test_the_product_sees_only_its_own_sessions(session, world, without_scopes):
    with as_app(), workspace_transaction(world.other_workspace.pk):
        assert not Session.objects.for_workspace(world.other_workspace).exists()
        assert not Episode.objects.for_workspace(world.other_workspace).exists()
