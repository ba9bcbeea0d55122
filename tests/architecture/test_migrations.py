"""Migrations go back as well as forth, with rows in the tables, and lose nothing on the way."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from tests.servers import drop_database

# What Django's own migrations made, which stay.
_DJANGOS = ("django_", "auth_")
# Django's own memory, which grows with each migration that is told.
_MEMORY = "django_migrations"
# By the steps of the outbox and of notifications: nobody had been told of anything before.
_MADE_ANEW = {"whatsapp_outboxentry", "tickets_notification"}


@pytest.mark.slow
@pytest.mark.sql
def test_migrations_go_back_and_forth_under_rows_and_lose_nothing(own_database):
    found = _walked(own_database)

    assert found["rows"]["whatsapp_message"] > 0
    assert found["rows"]["accounts_membership"] > 0
    # A table that a later step made, or made anew, goes with that step.
    older = set(found["older than the walls"]) - {_MEMORY} - _MADE_ANEW
    assert {one: found["rows kept"][one] for one in older} == {
        one: found["rows"][one] for one in older
    }
    assert found["made after the walls went and came"] == found["made"]
    assert _of_ours(found["left"]) == []
    kinds = {line.partition(" ")[0] for line in found["made"]}
    assert {"column", "index", "constraint", "policy", "function", "rights"} <= kinds
    assert found["made again"] == found["made"]


@pytest.fixture
def own_database() -> Iterator[str]:
    """An empty one beside that of the suite, gone with the test: its address."""
    given = os.environ["DATABASE_URL"]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = f"{urlsplit(given).path.strip('/')}_steps{worker}"
    quoted = sql.Identifier(name)
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(quoted))
        server.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield urlsplit(given)._replace(path=f"/{name}").geturl()
        finally:
            drop_database(given, name)


def _walked(url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.architecture.steps"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _of_ours(lines: list[str]) -> list[str]:
    """What is left beside Django's own tables and what PostgreSQL gives every schema."""
    ours = [
        line
        for line in lines
        if not any(f" {name}" in line for name in _DJANGOS)
        and not (line.startswith("rights on schema") and "pg_database_owner" in line)
    ]
    given_away = [line for line in lines if "_app=" in line or "_crossing=" in line]
    return ours + given_away
