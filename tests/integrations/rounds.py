"""Runs of the monitor in a test, and what the twin answers in them."""

from typing import Any

from accounts.models import Workspace
from integrations.models import Session
from integrations.services import monitor
from tests.integrations.pairing import connected, number
from tests.twins.numbers import Twin
from tests.walls import as_app


def watch(**options: Any) -> monitor.Tally:
    with as_app():
        return monitor.run(**options)


def several(
    workspace: Workspace, url: str, count: int, *, first: int = 0
) -> list[Session]:
    """Connected, due sessions of as many numbers at one address."""
    made = []
    for index in range(first, first + count):
        phone = f"+55119{index:08d}"
        made.append(connected(number(workspace, url, phone=phone)))
    return made


def well(twin: Twin, sessions: list[Session]) -> None:
    for session in sessions:
        digits = session.channel.phone.lstrip("+")
        twin.sessions[digits] = {"state": "connected", "phone": digits}


def say(twin: Twin, session: Session, **told: Any) -> None:
    twin.sessions[session.external_id] = told
