"""/healthz, /readyz and /metrics: what a proxy, an operator and Prometheus ask.

Each probe opens a database connection of its own, under a deadline: it neither waits for
the pool's turn nor hangs with a database that is frozen.
"""

import asyncio
import functools
import os
from typing import Any, NamedTuple

import psycopg
import redis.asyncio
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
    multiprocess,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts import direct
from config.database import strength

DATABASE_SECONDS = 2.5
REDIS_SECONDS = 1.0
# Sums over all workspaces, from functions that look across them.
OLDEST_DUE = "SELECT oldest_seconds FROM webhooks_due()"


class Count(NamedTuple):
    """A gauge and the query that gives its value, or its values by label."""

    name: str
    help: str
    label: str | None
    query: str


COUNTS = (
    Count(
        "recado_inbox_oldest_due_seconds",
        "How long the oldest due raw webhook has been waiting",
        None,
        OLDEST_DUE,
    ),
    Count(
        "recado_inbox_due_rows",
        "Raw webhooks that are due now",
        None,
        "SELECT due FROM webhooks_due()",
    ),
    Count(
        "recado_inbox_stuck_rows",
        "Raw webhooks that wait for a person",
        "state",
        "SELECT stuck_state, stuck FROM webhooks_stuck()",
    ),
    Count(
        "recado_messages_today",
        "Messages stored since midnight UTC",
        "direction",
        "SELECT direction, messages FROM whatsapp_messages_today()",
    ),
    Count(
        "recado_outbox_rows",
        "Promises to send that are not kept yet, by state",
        "state",
        "SELECT state, entries FROM whatsapp_outbox_waiting()",
    ),
    Count(
        "recado_event_deliveries_waiting",
        "Events that other systems subscribed to and have not got yet",
        None,
        "SELECT deliveries FROM tickets_deliveries_waiting()",
    ),
    Count(
        "recado_event_deliveries_oldest_due_seconds",
        "How long the oldest of them that is due has been waiting",
        None,
        "SELECT oldest_seconds FROM tickets_deliveries_waiting()",
    ),
)


@login_not_required
@never_cache
@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
async def readyz(request: HttpRequest) -> HttpResponse:
    """503 when the database cannot take a webhook.

    A lost Redis is told, but does not make us unready: hints are optional, and a proxy
    that stopped sending webhooks for it would turn a delay into an outage.
    """
    database, broker = await asyncio.gather(database_state(), redis_state())
    ready = database["database"] == "ok" and database["migrations"] == "ok"
    healthy = "ok" if broker == "ok" else "degraded"
    state = {"status": healthy if ready else "unready", "redis": broker, **database}
    return JsonResponse(state, status=200 if ready else 503)


@login_not_required
@never_cache
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """Counts come from the database, so that every process tells the same.

    Counters of this process (the receiver's) follow; with several processes behind one
    address, PROMETHEUS_MULTIPROC_DIR makes them add up.
    """
    gauges = CollectorRegistry()
    up = Gauge("recado_database_up", "Whether the database answered", registry=gauges)
    try:
        async with (
            asyncio.timeout(DATABASE_SECONDS),
            await direct.connect() as database,
        ):
            for count in COUNTS:
                cursor = await database.execute(count.query.encode())
                _fill(gauges, count, await cursor.fetchall())
        up.set(1)
    except (OSError, psycopg.Error):
        up.set(0)
    body = generate_latest(gauges) + generate_latest(_process_counters())
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _fill(
    registry: CollectorRegistry, count: Count, rows: list[tuple[Any, ...]]
) -> None:
    labels = [count.label] if count.label else []
    gauge = Gauge(count.name, count.help, labels, registry=registry)
    for row in rows:
        (gauge.labels(row[0]) if labels else gauge).set(row[-1])


def _process_counters() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # untyped there
    return together


async def database_state() -> dict[str, Any]:
    unknown: dict[str, Any] = {
        "database": "away",
        "migrations": "unknown",
        "oldest_due_seconds": None,
    }
    try:
        async with (
            asyncio.timeout(DATABASE_SECONDS),
            await direct.connect() as database,
        ):
            cursor = await database.execute("SELECT app, name FROM django_migrations")
            # A role that row-level security does not bind must serve nobody.
            problem = (await strength(database)).problem
            if problem:
                return {**unknown, "database": f"refused: {problem}"}
            missing = _expected_migrations() - set(await cursor.fetchall())
            if missing:
                return {**unknown, "database": "ok", "migrations": "missing"}
            row = await (await database.execute(OLDEST_DUE)).fetchone()
    except psycopg.errors.UndefinedTable:
        return {**unknown, "database": "ok", "migrations": "missing"}
    except (OSError, psycopg.Error):
        # TimeoutError is an OSError.
        return unknown
    age = round(row[0], 3) if row else None
    return {"database": "ok", "migrations": "ok", "oldest_due_seconds": age}


@functools.cache
def _expected_migrations() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None)
    return frozenset(loader.disk_migrations or {})


async def redis_state() -> str:
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        async with asyncio.timeout(2 * REDIS_SECONDS):
            await client.ping()
    except (OSError, RedisError):
        return "away"
    finally:
        await client.aclose()
    return "ok"
