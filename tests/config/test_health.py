"""The probes: honest about the database, quick when it is frozen, open without sign-in."""

import socket
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from webhooks.models import RawWebhook


@pytest.fixture
def frozen_server():
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def raw_webhook(*, state: str, seconds_ago: int) -> RawWebhook:
    moment = timezone.now() - timedelta(seconds=seconds_ago)
    return RawWebhook.objects.create(
        provider="sandbox",
        body=b"{}",
        digest=b"0" * 32,
        received_at=moment,
        next_at=moment,
        state=state,
    )


def test_healthz_answers_without_sign_in_and_without_the_database(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_readyz_tells_the_age_of_the_oldest_due_webhook(client):
    raw_webhook(state="leased", seconds_ago=90)
    raw_webhook(state="done", seconds_ago=900)

    response = client.get("/readyz")

    told = response.json()
    assert response.status_code == 200
    assert (told["status"], told["database"], told["migrations"]) == ("ok", "ok", "ok")
    assert 89 < told["oldest_due_seconds"] < 150


@pytest.mark.django_db(transaction=True)
def test_readyz_says_503_when_a_migration_is_missing(client):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_migrations SET name = name || '_' WHERE app = 'webhooks'"
        )
    try:
        response = client.get("/readyz")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE django_migrations SET name = left(name, -1) WHERE app = 'webhooks'"
            )

    assert response.status_code == 503
    assert response.json()["migrations"] == "missing"


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_a_frozen_database_is_told_within_three_seconds(
    client, monkeypatch, frozen_server, path
):
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(frozen_server))
    started = time.monotonic()

    response = client.get(path)

    assert time.monotonic() - started < 3
    if path == "/readyz":
        assert response.status_code == 503
        assert response.json()["database"] == "away"
    else:
        assert b"recado_database_up 0.0" in response.content


@pytest.mark.django_db(transaction=True)
def test_a_frozen_redis_degrades_and_does_not_stop_receiving(
    client, settings, frozen_server
):
    settings.REDIS_URL = f"redis://127.0.0.1:{frozen_server}/0"
    started = time.monotonic()

    response = client.get("/readyz")

    assert time.monotonic() - started < 3
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["redis"]) == ("degraded", "away")


@pytest.mark.django_db(transaction=True)
def test_metrics_count_what_is_in_the_database(client):
    raw_webhook(state="received", seconds_ago=5)
    raw_webhook(state="received", seconds_ago=-60)
    raw_webhook(state="parked", seconds_ago=50)

    text = client.get("/metrics").content.decode()

    assert "recado_database_up 1.0" in text
    assert "recado_inbox_due_rows 1.0" in text
    assert 'recado_inbox_stuck_rows{state="parked"} 1.0' in text
    assert 'recado_inbox_stuck_rows{state="unrouted"} 0.0' in text
    assert 'recado_messages_today{direction="inbound"} 0.0' in text
    assert "process_start_time_seconds" in text


def test_probes_do_not_repeat_the_password_of_the_database(client, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "open-sesame")
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    answers = [client.get(path).content for path in ("/readyz", "/metrics")]

    assert not any(b"open-sesame" in answer for answer in answers)
