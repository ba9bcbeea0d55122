"""A session of a number, opened and looked at again as a page does."""

from typing import Any

from integrations.models import Channel, Session
from integrations.services import sessions
from tests.integrations.pairing import time_passes
from tests.walls import as_app


def open_session(channel: Channel, **options: Any) -> Any:
    with as_app():
        return sessions.open_session(channel, **options)


def refresh(session: Session) -> Any:
    time_passes(session, seconds=3)
    with as_app():
        return sessions.refresh(session)
