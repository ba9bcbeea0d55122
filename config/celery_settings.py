"""What Celery is set to, for the workers (`celery_app`) and for its clock (`clock`).

It carries "there is work" hints, the database carries the work. A hint holds no data,
expires after 30 s, is acknowledged before it runs and never retried: losing one costs the
seconds until the next sweep. Hence Redis may be flushed, frozen or restarted at any time,
and nobody has to restart a worker.
"""

import warnings
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from celery import Task
from celery.exceptions import SecurityWarning
from celery.schedules import crontab
from django.conf import settings
from kombu import Queue

# Files have a worker of their own: they take long, and a picture made to kill whoever
# decodes it takes no message with it.
QUEUES = ("default", "inbox", "outbox", "media")
HINT_SECONDS = 30
# Under the inbox lease of 60 s, so that a hung task is gone before its rows are free.
SOFT_SECONDS = 40
HARD_SECONDS = 50


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: it has a scheme of its own for sockets."""
    url = urlsplit(redis_url)
    if url.scheme != "unix":
        return redis_url
    names = {"db": "virtual_host"}
    query = urlencode(
        [(names.get(key, key), value) for key, value in parse_qsl(url.query)]
    )
    return f"redis+socket://{url.netloc}{url.path}" + (f"?{query}" if query else "")


class Hint(Task):  # type: ignore[type-arg]  # generic in the stubs alone
    """The base of every task: what a hint is, so that no task has to repeat it."""

    abstract = True
    expires = HINT_SECONDS
    ignore_result = True
    acks_late = False
    max_retries = 0


# Celery warns every worker of root about pickled tasks; ours accept JSON alone.
warnings.filterwarnings("ignore", category=SecurityWarning)

SETTINGS: dict[str, Any] = {
    "broker_url": broker_url(settings.REDIS_URL),
    "broker_connection_retry_on_startup": True,
    # None: for ever. A worker outlives any pause of Redis.
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 3,
    "broker_transport_options": {
        # A prefetched hint of a killed worker comes back after this; it has expired then.
        "visibility_timeout": 120,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        # Also bounds how long a worker waits on a connection whose other end froze.
        "health_check_interval": 5,
        "retry_on_timeout": False,
    },
    "broker_pool_limit": 4,
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_backend": None,
    "task_ignore_result": True,
    "task_acks_late": False,
    "task_publish_retry": False,
    "task_time_limit": HARD_SECONDS,
    "task_soft_time_limit": SOFT_SECONDS,
    "task_default_queue": "default",
    "task_create_missing_queues": False,
    "task_queues": [Queue(name) for name in QUEUES],
    "task_routes": {
        # It waits for providers, and messages that come in do not wait for that.
        "webhooks.look_up_lids": {"queue": "default"},
        "webhooks.*": {"queue": "inbox"},
        "whatsapp.fetch_media": {"queue": "media"},
        # What people see of us waits for a provider; messages do not wait for that.
        "whatsapp.show_read": {"queue": "default"},
        "whatsapp.show_typing": {"queue": "default"},
        "whatsapp.*": {"queue": "outbox"},
    },
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
    "worker_max_memory_per_child": 300_000,
    "timezone": "UTC",
    # The schedule is code; a beat that restarts has no file to read or to corrupt.
    "beat_scheduler": "celery.beat:Scheduler",
    "beat_schedule": {
        "webhooks.sweep_inbox": {
            "task": "webhooks.sweep_inbox",
            "schedule": 5.0,
            "options": {"expires": HINT_SECONDS},
        },
        "whatsapp.sweep_outbox": {
            "task": "whatsapp.sweep_outbox",
            "schedule": 5.0,
            "options": {"expires": HINT_SECONDS},
        },
        "whatsapp.fetch_media": {
            "task": "whatsapp.fetch_media",
            "schedule": 5.0,
            "options": {"expires": HINT_SECONDS},
        },
        "tickets.deliver_events": {
            "task": "tickets.deliver_events",
            "schedule": 5.0,
            "options": {"expires": HINT_SECONDS},
        },
        "tickets.tell": {
            "task": "tickets.tell",
            "schedule": 5.0,
            "options": {"expires": HINT_SECONDS},
        },
        "integrations.check_sessions": {
            "task": "integrations.check_sessions",
            "schedule": 60.0,
            "options": {"expires": HINT_SECONDS},
        },
        "webhooks.look_up_lids": {
            "task": "webhooks.look_up_lids",
            "schedule": 60.0,
            "options": {"expires": HINT_SECONDS},
        },
        "integrations.send_outage_mails": {
            "task": "integrations.send_outage_mails",
            "schedule": 60.0,
            "options": {"expires": HINT_SECONDS},
        },
        "whatsapp.check_silence": {
            "task": "whatsapp.check_silence",
            "schedule": crontab(minute="4"),  # the hour before is complete then
            "options": {"expires": 1800},
        },
        # Each link once a day: the run takes those whose day is over.
        "whatsapp.check_links": {
            "task": "whatsapp.check_links",
            "schedule": 300.0,
            "options": {"expires": HINT_SECONDS},
        },
        # Each list once an hour: the run takes those whose hour is over.
        "whatsapp.sync_templates": {
            "task": "whatsapp.sync_templates",
            "schedule": 60.0,
            "options": {"expires": HINT_SECONDS},
        },
        "accounts.clear_sessions": {
            "task": "accounts.clear_sessions",
            "schedule": crontab(minute="24"),
            "options": {"expires": 1800},
        },
        "webhooks.prune_inbox": {
            "task": "webhooks.prune_inbox",
            "schedule": crontab(hour="6", minute="17"),  # UTC: night in Brazil
            "options": {"expires": 3600},
        },
        "integrations.prune_channel_logs": {
            "task": "integrations.prune_channel_logs",
            "schedule": crontab(hour="6", minute="37"),
            "options": {"expires": 3600},
        },
        "tickets.prune_events": {
            "task": "tickets.prune_events",
            "schedule": crontab(hour="6", minute="57"),
            "options": {"expires": 3600},
        },
    },
}
