"""Who was told of an outage is told of its end, once, when it is sure to have lasted."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.test import override_settings
from django.utils import translation

from accounts.models import Workspace
from integrations import durations
from integrations.models import Episode
from integrations.services import sessions
from tests.factories import integrations as make
from tests.integrations.outages import next_try_comes, send, sign, word
from tests.integrations.pairing import connected
from tests.walls import as_app


@pytest.fixture
def session(world, settings):
    settings.EMAIL_HOST = "smtp.example"
    # Of a provider that need not be told when somebody disconnects.
    integration = make.integration(world.workspace)
    return connected(
        make.channel(world.workspace, display_name="Balcão", integration=integration)
    )


def passes(**how_long):
    passed = timedelta(**how_long)
    rows = Episode.objects.unscoped("test")
    rows.update(
        opened_at=F("opened_at") - passed,
        closed_at=F("closed_at") - passed,
        mailed_at=F("mailed_at") - passed,
    )


def goes_down_and_is_told(session):
    word(session, "disconnected")
    passes(minutes=47)
    send()


def test_the_end_is_told_once_with_how_long_it_lasted(session):
    goes_down_and_is_told(session)
    word(session, "connected")
    passes(minutes=11)

    assert send() == 1
    assert send() == 0

    began, ended = mail.outbox
    assert "precisa da sua atenção" in began.subject
    assert "Balcão voltou ao normal" in ended.subject
    assert "Ficou fora do ar por 47 minutos" in ended.body
    assert f"/integrations/whatsapp/{session.channel.key}/" in ended.body
    assert ended.to == ["owner@example.com"]


def test_english_workspaces_read_english(session, world):
    Workspace.objects.filter(pk=world.workspace.pk).update(language="en")
    goes_down_and_is_told(session)
    sign(session)
    passes(minutes=11)
    send()

    began, ended = mail.outbox
    assert began.subject == "Balcão needs your attention (Padaria)"
    assert "connect again, with the phone at hand." in began.body
    assert ended.subject == "Balcão is well again (Padaria)"
    assert "It was down for 47 minutes, from" in ended.body


def test_an_end_that_may_not_last_is_not_told_yet(session):
    goes_down_and_is_told(session)
    word(session, "connected")
    passes(minutes=5)
    assert send() == 0

    word(session, "disconnected")
    passes(minutes=20)

    assert send() == 0
    assert len(mail.outbox) == 1


def test_whoever_was_told_of_no_outage_is_told_of_no_end(session):
    word(session, "disconnected")
    word(session, "connected")
    passes(minutes=11)

    assert send() == 0


def test_what_somebody_disconnected_is_not_called_well(session):
    goes_down_and_is_told(session)
    channel = session.channel
    with as_app():
        sessions.disconnect(channel)
    passes(minutes=11)

    assert Episode.objects.unscoped("test").get().end == "taken_off"
    assert send() == 0


def test_news_of_yesterday_are_no_news(session):
    goes_down_and_is_told(session)
    word(session, "connected")
    passes(days=2)

    assert send() == 0


def test_an_end_that_could_not_be_told_is_tried_again(session, caplog):
    goes_down_and_is_told(session)
    word(session, "connected")
    passes(minutes=11)
    with override_settings(EMAIL_BACKEND="tests.integrations.outages.Broken"):
        assert send() == 0
        assert send() == 0
    assert caplog.messages.count("outage end mail failed") == 1

    next_try_comes()

    assert send() == 1
    assert send() == 0


def test_two_numbers_that_are_back_are_one_mail(session, world):
    other = connected(make.sandbox_number(world.workspace, display_name="Loja"))
    for one in (session, other):
        word(one, "disconnected")
    passes(minutes=47)
    send()
    for one in (session, other):
        word(one, "connected")
    passes(minutes=11)

    assert send() == 1

    assert "2 números voltaram ao normal" in mail.outbox[-1].subject
    assert mail.outbox[-1].body.count("47 minutos") == 2


@pytest.mark.parametrize(
    ("length", "written"),
    [
        ({"seconds": 0}, "0 seconds"),
        ({"seconds": 59.9}, "59 seconds"),
        ({"seconds": 61}, "1 minute"),
        ({"minutes": 59, "seconds": 59}, "59 minutes"),
        ({"hours": 1}, "1 hour"),
        ({"hours": 2, "minutes": 5}, "2 hours and 5 minutes"),
        ({"days": 1, "minutes": 59}, "1 day"),
        ({"days": 3, "hours": 1}, "3 days and 1 hour"),
        ({"seconds": -5}, "0 seconds"),
    ],
)
def test_a_length_is_written_in_its_largest_units(length, written):
    with translation.override("en"):
        assert durations.full(timedelta(**length)) == written
