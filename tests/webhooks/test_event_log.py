"""Every event that the log of the outside world promises is in its file, as ids alone."""

import json
import logging

import pytest
from django.utils import timezone

from config.logging import JsonFormatter, Redactor, _log_integrations_to
from integrations.models import Session
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone
from integrations.services import monitor, sessions
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make_talk
from tests.integrations import pairing
from tests.twins import pairing as twins
from tests.twins.numbers import CODE
from tests.walls import as_app
from webhooks import processing

DIGITS = twins.PHONE.lstrip("+")
ADA_NUMBER = "5511988880001"
ADA = Party(wa_id=ADA_NUMBER, name="Ada Lovelace")
TEXT = "Oi! Vi o anúncio."
PROMISED = {
    "session created",
    "session connected",
    "session disconnected",
    "webhooks received",
    "attribution success",
    "attribution failure",
    "provider call failed",
}
_IDS = ("_id", "_ids")
_FACTS = {"signal", "problem", "rule", "confidence", "operation", "code", "messages"}
_FRAME = {"time", "level", "logger", "event", "process", "correlation_id"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twin(monkeypatch, settings):
    with pairing.offered(monkeypatch, settings.EGRESS_ALLOWED_HOSTS) as found:
        yield found


@pytest.fixture
def lines(tmp_path):
    """Those of the file that a path in the settings leads to."""
    path = tmp_path / "logs" / "integrations.log"
    logger = logging.getLogger("integrations")
    level = logger.level
    _log_integrations_to(str(path), JsonFormatter(Redactor([])))
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in path.read_text().splitlines()]
    _log_integrations_to("", JsonFormatter(Redactor([])))
    logger.setLevel(level)


def receive(channel, *events):
    body, headers = phone.webhook(
        channel.external_id, events, webhook_secret="word-of-the-tests"
    )
    make_webhooks.raw_webhook(
        channel.workspace,
        body=body,
        headers=headers,
        provider="sandbox",
        integration=channel.integration,
    )
    with as_app():
        processing.drain(budget_seconds=30)


def ask(session):
    pairing.make_due(session)
    with as_app():
        monitor.run()


def a_session_lives(world, twin):
    channel = pairing.number(world.workspace, twin.url)
    with as_app():
        session = sessions.open_session(channel)
    twin.sessions[DIGITS] = {"state": "connected", "phone": DIGITS}
    ask(session)
    twin.sessions[DIGITS] = {"state": "awaiting_user", "code": CODE}
    ask(session)
    twin.status = 503
    with as_app(), pytest.raises(sessions.SessionFailed):
        sessions.disconnect(channel)


def people_write(world):
    channel = make.sandbox_number(world.workspace, state="connected")
    link = make_talk.link(channel, slug="vitrine")
    make_talk.touch(make_talk.lead(world.workspace), link=link, token="7KQ2M9XW4T")
    now = timezone.now()
    receive(channel, phone.message("m-1", sender=ADA, at=now, text=TEXT))
    other = Party(wa_id="5511988880002", name="Bia")
    marked = f"{TEXT} vm_token:7KQ2M9XW4T"
    receive(channel, phone.message("m-2", sender=other, at=now, text=marked))


def test_every_promised_event_reaches_the_file_with_ids_alone(world, twin, lines):
    a_session_lives(world, twin)
    people_write(world)

    told = lines()

    assert {line["event"] for line in told} >= PROMISED
    for line in told:
        for name in line.keys() - _FRAME - _FACTS:
            assert name.endswith(_IDS) or isinstance(line[name], int), line
        assert line["logger"] == "integrations"
    written = json.dumps(told)
    for private in (DIGITS, ADA_NUMBER, "Ada", TEXT, "key-of-the-tests", CODE):
        assert private not in written


def test_a_webhook_that_brings_no_message_is_logged_too(world, lines):
    channel = make.sandbox_number(world.workspace, state="connected")

    receive(channel, {"type": "account", "kind": "quality", "state": "connected"})

    [line] = [one for one in lines() if one["event"] == "webhooks received"]
    assert len(line["raw_webhook_ids"]) == 1
    assert line["integration_ids"] == [channel.integration_id]
    assert line["workspace_id"] == world.workspace.pk


def test_a_session_that_connects_is_logged_once(world, twin, lines):
    a_session_lives(world, twin)

    [line] = [one for one in lines() if one["event"] == "session connected"]
    session = Session.objects.for_workspace(world.workspace).get(pk=line["session_id"])
    assert line["level"] == "info"
    assert line["channel_id"] == session.channel_id
    assert line["workspace_id"] == world.workspace.pk
    assert (line["signal"], line["problem"]) == ("probe", "")
