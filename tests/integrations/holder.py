"""Whoever holds the phone of a sandbox number, and what Recado then makes of it."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from integrations.models import Channel, Session, SimulatedPhone
from integrations.services import sessions, simulated
from tests.integrations.opening import open_session
from tests.integrations.pairing import fresh, time_passes
from tests.walls import as_app
from webhooks import processing


class Holder:
    def __init__(self, channel: Channel, person: User) -> None:
        self.channel, self.person = channel, person

    @property
    def row(self) -> Any:
        return SimulatedPhone.objects.unscoped("test").get(channel=self.channel)

    def scan(self, payload: str) -> Any:
        return self.tell(payload.rpartition("code=")[2])

    def tell(self, code: str) -> Any:
        now = timezone.now()
        with as_app():
            return simulated.link(self.channel, code=code, now=now, actor=self.person)

    def unlink(self) -> Any:
        with as_app():
            return simulated.unlink(self.channel, now=timezone.now(), actor=self.person)

    def let(self, mishap: Any) -> None:
        with as_app():
            simulated.set_mishap(self.channel, mishap)

    def wait(self, **how_long: float) -> None:
        SimulatedPhone.objects.unscoped("test").update(
            asked_at=F("asked_at") - timedelta(**how_long)
        )


def look(channel: Channel) -> Session:
    session = sessions.find_session(channel)
    assert session is not None
    time_passes(session, seconds=3)
    with as_app():
        return sessions.refresh(session)


def work() -> None:
    with as_app():
        processing.drain(budget_seconds=30)


def linked(channel: Channel, phone: Holder) -> Session:
    session = open_session(channel)
    phone.scan(session.payload)
    look(channel)
    work()
    return fresh(session)
