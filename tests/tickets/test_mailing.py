"""E-mails of notifications: sent once, tried again where nothing left, unconfirmed in doubt."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.scoping import workspace_transaction
from tests import walls
from tests.factories import tickets as make
from tickets.models import EventKind, NotificationEmail
from tickets.services import mailing, tickets
from tickets.services.tickets import By
from tickets.tasks import tell


class Server(EmailBackend):
    """Raises what stands in `faults`, one for each opening or sending."""

    opening: list[Exception] = []  # set by each test
    sending: list[Exception] = []

    def open(self):
        if self.opening:
            raise self.opening.pop(0)
        return True

    def send_messages(self, messages):
        if self.sending:
            raise self.sending.pop(0)
        return super().send_messages(messages)


@pytest.fixture
def server(settings):
    settings.EMAIL_HOST = "mail.example.com"
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    Server.opening, Server.sending = [], []
    return Server


@pytest.fixture
def promised(world, server):
    """One e-mail that is due, to a client without a phone."""
    make.rule(world.workspace, event="created")
    client = make.client(world.workspace, email="ana@example.com")
    tickets.open_ticket(
        world.workspace,
        title="Troca\ndo pão",
        client=client,
        by=By(world.agent),
        now=timezone.now() - timedelta(minutes=1),
    )
    return NotificationEmail.objects.for_workspace(world.workspace).get()


def drain():
    with walls.as_app():
        return mailing.drain(budget_seconds=5)


def now_of(row):
    row.refresh_from_db()
    return row.state, row.reason


def make_due(row):
    NotificationEmail.objects.for_workspace(row.workspace_id).filter(pk=row.pk).update(
        next_at=timezone.now() - timedelta(minutes=1)
    )


@pytest.mark.django_db(transaction=True)
def test_it_is_sent_once(promised):
    assert drain() == 1
    assert drain() == 0

    assert now_of(promised) == ("sent", "")
    [sent] = mail.outbox
    assert sent.to == ["ana@example.com"]
    assert sent.subject == "#1 Troca do pão"
    assert sent.extra_headers["Message-ID"].startswith(f"<{promised.key}@")


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_away_is_asked_again_later(promised, server):
    server.opening = [ConnectionRefusedError()]

    drain()
    assert now_of(promised) == ("due", "mail_server_away")
    assert promised.next_at > timezone.now() + timedelta(seconds=20)
    assert drain() == 0
    make_due(promised)
    drain()

    assert now_of(promised) == ("sent", "")
    assert promised.attempts == 2


@pytest.mark.django_db(transaction=True)
def test_after_many_attempts_it_has_failed(promised, server):
    NotificationEmail.objects.for_workspace(promised.workspace_id).update(
        attempts=mailing.MOST_ATTEMPTS - 1
    )
    server.opening = [TimeoutError()]

    drain()

    assert now_of(promised) == ("failed", "mail_server_away")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (
            smtplib.SMTPRecipientsRefused({"ana@example.com": (550, b"unknown")}),
            "failed",
            "address_refused",
        ),
        (
            smtplib.SMTPRecipientsRefused({"ana@example.com": (450, b"later")}),
            "due",
            "address_refused",
        ),
        (smtplib.SMTPDataError(554, b"spam"), "failed", "mail_refused"),
        (smtplib.SMTPServerDisconnected(), "uncertain", "mail_unanswered"),
        (TimeoutError(), "uncertain", "mail_unanswered"),
    ],
)
def test_what_the_server_says_decides(promised, server, fault, state, reason):
    server.sending = [fault]

    drain()

    assert now_of(promised) == (state, reason)
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_what_is_in_doubt_is_never_sent_again_by_itself(promised, server):
    server.sending = [TimeoutError()]
    drain()
    make_due(promised)

    assert drain() == 0
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("left_as", "then"),
    [("claimed", ("sent", "")), ("submitting", ("uncertain", "worker_gone"))],
)
def test_a_worker_that_died_leaves_it_due_or_in_doubt(promised, left_as, then):
    NotificationEmail.objects.for_workspace(promised.workspace_id).update(
        state=left_as, next_at=timezone.now() - timedelta(seconds=1)
    )

    drain()
    drain()

    assert now_of(promised) == then


@pytest.mark.django_db(transaction=True)
def test_the_task_finds_it_without_a_hint(promised):
    with walls.as_app():
        tell()

    assert now_of(promised) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_the_product_sees_only_its_own_workspace(world, promised):
    with walls.as_app(), workspace_transaction(world.other_workspace.pk):
        rows = NotificationEmail.objects.for_workspace(world.workspace)
        assert not rows.exists()


def test_an_event_kind_of_every_state_has_words():
    from tickets import notification_words as words

    assert set(words.EVENTS) == set(EventKind)
    assert words.EVENT_WORDS.keys() == set(EventKind)
