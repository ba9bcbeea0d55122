from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.models import Episode, Session
from integrations.providers.base.types import AccountEvent, NumberRef
from integrations.selectors import episodes
from integrations.services import outage_mail
from tests.factories import accounts as make_accounts
from tests.factories import integrations as make
from tests.integrations.pairing import connected, fresh, row
from tests.walls import as_app


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace, display_name="Balcão"))


@pytest.fixture
def has_mail(settings):
    settings.EMAIL_HOST = "smtp.example"


def word(session, state, *, kind="session.status", **fields):
    now = timezone.now()
    event = AccountEvent(number=NumberRef(), kind=kind, state=state, **fields)
    news = gateway.News(words=[(session.channel_id, event, now)])
    with as_app():
        gateway.note_news(news, workspace_id=session.workspace_id)
    return fresh(session)


def sign(session):
    news = gateway.News(signs={session.channel_id})
    with as_app():
        gateway.note_news(news, workspace_id=session.workspace_id)
    return fresh(session)


def episode_of(session):
    return Episode.objects.unscoped("test").get(channel_id=session.channel_id)


def aged():
    Episode.objects.unscoped("test").update(opened_at=Now() - timedelta(minutes=2))


def send():
    with as_app():
        return outage_mail.send_due()


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


# --- mail ---------------------------------------------------------------------------
def test_owners_and_admins_get_one_mail_for_an_episode(session, world, has_mail):
    admin = make_accounts.user(email="admin@example.com")
    make_accounts.membership(world.workspace, admin, role="admin")
    word(session, "disconnected")
    aged()

    assert send() == 1
    assert send() == 0

    [sent] = mail.outbox
    assert sorted(sent.to) == ["admin@example.com", "owner@example.com"]
    assert "Balcão" in sent.subject
    assert "/w/padaria/" in sent.body
    assert "\n" not in sent.subject


def test_a_flapping_number_is_one_mail(session, has_mail):
    for _ in range(3):
        word(session, "disconnected")
        aged()
        send()
        word(session, "connected")

    assert len(mail.outbox) == 1


def test_several_numbers_of_a_workspace_are_one_mail(session, world, has_mail):
    other = connected(make.sandbox_number(world.workspace, display_name="Loja"))
    for one in (session, other):
        word(one, "disconnected")
    aged()

    assert send() == 1

    [sent] = mail.outbox
    assert "Balcão" in sent.body
    assert "Loja" in sent.body


def test_what_is_well_again_at_once_needs_no_mail(session, has_mail):
    word(session, "disconnected")
    word(session, "connected")
    aged_closed = Episode.objects.unscoped("test").get()
    assert aged_closed.closed_at is not None

    assert send() == 0


def test_a_mail_that_fails_is_tried_again_a_few_times(
    session, has_mail, settings, caplog
):
    settings.EMAIL_BACKEND = "tests.integrations.test_outages.Broken"
    word(session, "disconnected")
    aged()

    for _ in range(outage_mail.MOST_TRIES + 2):
        send()

    assert episode_of(session).mail_tries == outage_mail.MOST_TRIES
    assert caplog.messages.count("outage mail failed") == outage_mail.MOST_TRIES


class Broken:
    """A mail server that does not answer."""

    def __init__(self, *args, **kwargs):
        """As Django makes one."""

    def send_messages(self, messages):
        raise TimeoutError


def test_without_a_mail_server_nothing_is_taken_on(session):
    word(session, "disconnected")
    aged()

    assert send() == 0
    assert episode_of(session).mailed_at is None


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
