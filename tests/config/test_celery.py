"""Hints: JSON without data, short-lived, never retried, on queues that somebody reads."""

import pytest
from celery import Celery
from django.utils.module_loading import autodiscover_modules
from kombu import Queue

from config import checks
from config.celery_app import app
from config.celery_settings import broker_url


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("rediss://:pw@host/0", "rediss://:pw@host/0"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("unix:///a%20b/v.sock?db=3", "redis+socket:///a%20b/v.sock?virtual_host=3"),
        ("unix://:pw@/run/v.sock", "redis+socket://:pw@/run/v.sock"),
    ],
)
def test_a_redis_url_is_spelled_as_celery_wants_it(redis_url, expected):
    assert broker_url(redis_url) == expected


def test_a_hint_expires_and_is_not_retried():
    autodiscover_modules("tasks")

    task = app.tasks["webhooks.sweep_inbox"]

    assert task.expires == 30
    assert task.ignore_result
    assert not task.acks_late
    assert app.conf.task_publish_retry is False


def test_a_task_ends_before_its_lease_does(settings):
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert app.conf.task_time_limit < settings.INBOX_LEASE_SECONDS


def test_only_json_is_accepted():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_every_task_and_the_schedule_end_in_a_queue_that_is_read():
    assert list(checks.queues_are_declared()) == []


def hint() -> None:
    """Says only that there is work."""


def test_a_task_on_a_queue_that_nobody_reads_is_found():
    other = Celery("other", set_as_current=False)
    other.conf.update(
        task_queues=[Queue("default")],
        task_default_queue="default",
        task_create_missing_queues=False,
        task_routes={"lost.*": {"queue": "nowhere"}},
    )
    for name in ("lost.hint", "found.hint"):
        other.task(name=name)(hint)

    assert checks.unread_tasks(other) == ["lost.hint"]
