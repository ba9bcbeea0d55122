"""What a number's provider tells, the outage that comes of it, and mail servers that fail."""

from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import EmailMessage
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from integrations import gateway
from integrations.models import Episode, Session
from integrations.providers.base.types import AccountEvent, NumberRef
from integrations.services import outage_mail
from tests.integrations.pairing import fresh
from tests.walls import as_app


def word(
    session: Session, state: str | None, *, kind: str = "session.status", **fields: Any
) -> Session:
    now = timezone.now()
    event = AccountEvent(number=NumberRef(), kind=kind, state=state, **fields)
    news = gateway.News(words=[(session.channel_id, event, now)])
    with as_app():
        gateway.note_news(news, workspace_id=session.workspace_id)
    return fresh(session)


def sign(session: Session) -> Session:
    news = gateway.News(signs={session.channel_id})
    with as_app():
        gateway.note_news(news, workspace_id=session.workspace_id)
    return fresh(session)


def episode_of(session: Session) -> Episode:
    return Episode.objects.unscoped("test").get(channel_id=session.channel_id)


def aged() -> None:
    Episode.objects.unscoped("test").update(opened_at=Now() - timedelta(minutes=2))


def send() -> int:
    with as_app():
        return outage_mail.send_due()


def next_try_comes() -> timedelta:
    """Returns how long it had to be waited for."""
    rows = Episode.objects.unscoped("test")
    [pause] = rows.values_list(F("mail_next_at") - Now(), flat=True)
    rows.update(mail_next_at=Now())
    assert isinstance(pause, timedelta)
    return pause


class Broken:
    """A mail server that does not answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As Django makes one."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        raise TimeoutError


class Interrupted(Broken):
    """The time of the task is over while the mail is on its way."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        raise SoftTimeLimitExceeded


class Killed(Broken):
    """Nothing that comes after it in our code is run."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        raise SystemExit
