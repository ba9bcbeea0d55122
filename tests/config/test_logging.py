"""What reaches a log line: one line per event, and no secret or number, ever."""

import contextvars
import io
import json
import logging
import secrets
import uuid

import pytest

from config import logging as logs

APP_SECRET = "s3cr3t-of-the-app-0123"
DATABASE_PASSWORD = "p%40ssw0rd-of-db"
SEEDED = [
    APP_SECRET,
    "p@ssw0rd-of-db",
    "EAAGm0PX4ZCpsBAKZBZCxyz0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    "+55 11 98765-4321",
    "5511987654321",
    "Kq3vXh0Jm2Jr8y4cGdE5nq1TzB7wLuPsFaYxViOk9e0",
]


@pytest.fixture
def log():
    """A logger whose lines are formatted as in production, and what they were."""
    redactor = logs.Redactor(
        logs.secrets_of_environment(
            {
                "META_APP_SECRET": APP_SECRET,
                "DATABASE_URL": f"postgresql://recado:{DATABASE_PASSWORD}@host/recado",
                "LOG_LEVEL": "information",
            }.items()
        )
    )
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(logs.JsonFormatter(redactor))
    logger = logging.getLogger("tests.seeded")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return logger, output


@pytest.mark.parametrize("seeded", SEEDED)
@pytest.mark.parametrize("place", ["message", "extra", "nested", "exception"])
def test_a_seeded_secret_or_number_never_reaches_a_line(log, seeded, place):
    logger, output = log
    told = f"https://host/webhooks/whatsapp/{seeded}/ answered"
    if not seeded.startswith("Kq3"):
        told = f"it said {seeded}, then closed"

    if place == "message":
        logger.warning("refused: %s", told)
    elif place == "extra":
        logger.warning("refused", extra={"reason": told})
    elif place == "nested":
        logger.warning("refused", extra={"answer": {"list": [told]}})
    else:
        logger.error("refused", exc_info=ValueError(told))

    line = output.getvalue()
    assert seeded not in line
    assert logs.STRUCK in line


@pytest.mark.parametrize("path", ["/invitations/{}/", "/invited/{}", "/t/{}/"])
def test_the_link_of_an_invitation_is_struck_and_a_rows_key_is_not(log, path):
    logger, output = log
    token, key = secrets.token_urlsafe(32), uuid.uuid4()

    logger.warning("Forbidden: %s", path.format(token))
    logger.warning("Forbidden: %s", f"/settings/members/invitations/{key}/renew/")

    first, second = (
        json.loads(line)["event"] for line in output.getvalue().splitlines()
    )
    assert first == "Forbidden: " + path.format(logs.STRUCK)
    assert str(key) in second


@pytest.mark.parametrize("key", ["text", "phone", "Authorization", "headers"])
def test_a_field_that_holds_private_matter_is_struck_whatever_it_holds(log, key):
    logger, output = log

    logger.info("message stored", extra={key: "bom dia, quero um bolo"})

    assert "bolo" not in output.getvalue()


def test_ids_stay_readable_and_an_exception_stays_one_line(log):
    logger, output = log

    logger.error(
        "apply failed",
        extra={"raw_webhook_id": 123456789012},
        exc_info=RuntimeError("two\nlines"),
    )

    event = json.loads(output.getvalue())
    assert output.getvalue().count("\n") == 1
    assert event["raw_webhook_id"] == 123456789012
    assert event["event"] == "apply failed"
    assert "two\nlines" in event["exception"]


def test_lines_of_one_request_carry_its_correlation_id(log):
    logger, output = log

    for name in ("abc123", ""):
        here = contextvars.copy_context()
        here.run(logs.correlation_id.set, name)
        here.run(logger.info, "told")

    with_id, without = (json.loads(line) for line in output.getvalue().splitlines())
    assert with_id["correlation_id"] == "abc123"
    assert "correlation_id" not in without


def test_a_line_for_people_is_short_and_struck_too():
    record = logging.makeLogRecord(
        {"name": "webhooks", "levelno": 30, "levelname": "WARNING", "msg": "late"}
    )
    record.token = "abcdefgh"

    line = logs.ConsoleFormatter(logs.Redactor([])).format(record)

    assert line.endswith(f"warning webhooks: late token={logs.STRUCK}")


def test_events_of_the_outside_world_also_go_to_their_file(tmp_path):
    path = tmp_path / "logs" / "integrations.log"
    root_handlers = logging.getLogger().handlers[:]
    logger = logging.getLogger("integrations")
    try:
        logs.configure(
            {"level": "INFO", "format": "json", "integrations_path": str(path)}
        )
        logging.getLogger("integrations.gateway").info(
            "session connected", extra={"session_id": 7}
        )
        logging.getLogger("whatsapp").info("not for that file")
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers = []
        logging.getLogger().handlers = root_handlers

    (event,) = (json.loads(line) for line in path.read_text().splitlines())
    assert event["event"] == "session connected"
    assert event["session_id"] == 7
