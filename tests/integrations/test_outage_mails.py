"""The mail about an outage: one for each, to whom it concerns, until it is sent."""

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import timezone

from integrations.models import Episode
from integrations.services import outage_mail
from integrations.tasks import send_outage_mails
from tests.factories import accounts as make_accounts
from tests.factories import integrations as make
from tests.integrations.outages import aged, episode_of, next_try_comes, send, word
from tests.integrations.pairing import connected
from tests.walls import as_app


@pytest.fixture
def session(world):
    return connected(make.sandbox_number(world.workspace, display_name="Balcão"))


@pytest.fixture
def has_mail(settings):
    settings.EMAIL_HOST = "smtp.example"


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


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("external_link", "Reconecte: uma nova é criada."),
        ("credentials", "Informe a nova."),
    ],
)
def test_a_new_key_is_asked_for_where_a_person_may_enter_one(
    world, has_mail, kind, advice
):
    number = make.channel(world.workspace, provider="dialog360")
    make.session(number, kind="credentials", ended_at=timezone.now())
    make.session(number, kind=kind)
    make.outage(number, problem="key_wrong")

    assert send() == 1

    [sent] = mail.outbox
    assert advice in sent.body


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


def test_a_mail_that_fails_is_tried_until_it_is_sent_later_each_time(
    session, has_mail, settings, caplog
):
    word(session, "disconnected")
    aged()
    pauses = []

    with override_settings(EMAIL_BACKEND="tests.integrations.outages.Broken"):
        for _ in range(9):
            assert send() == 0
            assert send() == 0  # not yet
            pauses.append(next_try_comes())

    minutes = [round(pause.total_seconds() / 60) for pause in pauses]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert caplog.messages.count("outage mail failed") == 9
    assert send() == 1
    told = episode_of(session)
    assert (told.mail_tries, told.mail_next_at) == (0, None)
    assert told.mailed_at is not None


def test_a_mail_that_is_interrupted_is_sent_later(session, has_mail, settings):
    word(session, "disconnected")
    aged()
    with override_settings(EMAIL_BACKEND="tests.integrations.outages.Interrupted"):
        assert send() == 0
    next_try_comes()

    assert send() == 1


def test_the_mail_of_a_worker_that_was_killed_is_sent_later(
    session, has_mail, settings
):
    word(session, "disconnected")
    aged()
    with (
        override_settings(EMAIL_BACKEND="tests.integrations.outages.Killed"),
        pytest.raises(SystemExit),
    ):
        send()

    assert send() == 0  # it might still be at it
    assert next_try_comes() <= outage_mail.LEASE
    assert send() == 1


def test_a_malformed_address_keeps_the_mail_from_nobody_else(
    session, world, has_mail, caplog
):
    other = make_accounts.user(email="admin@example.com")
    make_accounts.membership(world.workspace, other, role="admin")
    type(world.owner).objects.filter(pk=world.owner.pk).update(email="no mail, at all")
    word(session, "disconnected")
    aged()

    assert send() == 1

    assert mail.outbox[0].to == ["admin@example.com"]
    assert "outage mail address malformed" in caplog.messages
    assert "no mail" not in caplog.text


def test_whom_nobody_can_write_to_is_written_to_once_somebody_can(
    session, world, has_mail
):
    people = type(world.owner).objects.filter(pk=world.owner.pk)
    people.update(is_active=False)
    word(session, "disconnected")
    aged()
    assert send() == 0

    people.update(is_active=True)
    next_try_comes()

    assert send() == 1


def test_what_goes_wrong_in_one_workspace_keeps_no_mail_from_the_next(
    session, world, has_mail, monkeypatch, caplog
):
    other = connected(make.sandbox_number(world.other_workspace, display_name="Loja"))
    for one in (session, other):
        word(one, "disconnected")
    aged()
    real = outage_mail._recipients

    def broken(workspace):
        if workspace == world.workspace:
            raise ValueError
        return real(workspace)

    monkeypatch.setattr(outage_mail, "_recipients", broken)

    assert send() == 1

    assert "Loja" in mail.outbox[0].subject
    assert [one.error for one in caplog.records if hasattr(one, "error")] == [
        "ValueError"
    ]


def test_mails_are_begun_only_for_so_long(session, has_mail, monkeypatch):
    monkeypatch.setattr(outage_mail, "BUDGET", 0)
    word(session, "disconnected")
    aged()

    assert send() == 0
    assert episode_of(session).mail_tries == 0


def test_the_task_sends_them(session, has_mail):
    word(session, "disconnected")
    aged()

    with as_app():
        send_outage_mails()

    assert len(mail.outbox) == 1


def test_without_a_mail_server_nothing_is_taken_on(session):
    word(session, "disconnected")
    aged()

    assert send() == 0
    assert episode_of(session).mailed_at is None
