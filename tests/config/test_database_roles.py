"""Who Recado is in PostgreSQL: never the owner, and never by accident."""

import asyncio

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from config import database, health
from config.database import RoleTooStrong
from config.embedded import launch, postgres, role
from config.embedded.role import CannotSettle
from tests.commands import run

SECRET = "k" * 40


@pytest.fixture
def as_owner_only(db, monkeypatch):
    """The address of the tests is the owner's, as when an operator gave the wrong one."""
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.delitem(options, "assume_role")


def test_the_run_time_role_may_start(db):
    asyncio.run(database.refuse_strong_role())


def test_the_owner_may_not_start_and_is_told_the_cure(as_owner_only):
    with pytest.raises(RoleTooStrong, match="owns the tables") as refusal:
        asyncio.run(database.refuse_strong_role())

    assert "DATABASE_OWNER_URL" in str(refusal.value)
    assert refusal.value.code != 0


def test_readyz_and_doctor_see_an_owner_too(as_owner_only):
    state = asyncio.run(health.database_state())

    assert state["database"].startswith("refused: ")
    assert "owns the tables" in state["database"]


def test_the_sql_of_the_roles_is_printed_for_a_superuser(db):
    ran = run("database_roles", "--owner", "shop")

    assert ran.code == 0
    assert 'CREATE ROLE "shop_app" LOGIN' in ran.out
    assert 'GRANT "shop_crossing" TO "shop"' in ran.out
    assert "PASSWORD" not in ran.out


def test_a_run_time_role_is_no_owner(db):
    with pytest.raises(CommandError, match="is a run-time role"):
        call_command("database_roles", "--owner", "recado_app")


@pytest.fixture
def cluster(start_postgres, home):
    """A server of an operator's own: its sockets."""
    start_postgres()
    return launch.socket_directory(home)


def _administer(sockets, *statements):
    server = f"postgresql://postgres@/postgres?host={sockets}"
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_an_owner_that_may_make_roles_gets_a_run_time_role(cluster):
    _administer(
        cluster,
        "CREATE ROLE shop LOGIN CREATEROLE",
        "CREATE DATABASE shop OWNER shop",
    )
    given = f"postgresql://shop@/shop?host={cluster}"

    found = role.settle(given, secret_key=SECRET)

    assert found["DATABASE_OWNER_URL"] == given
    assert role.settle(given, secret_key=SECRET) == found  # safe to repeat
    with psycopg.connect(found["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT current_user::text, rolsuper OR rolbypassrls OR rolcreaterole"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == ("shop_app", False)


def test_an_owner_that_may_not_is_told_what_a_superuser_runs(cluster):
    with pytest.raises(CannotSettle) as stop:
        role.settle(postgres.owner_url(cluster), secret_key=SECRET)

    assert "may not make roles" in str(stop.value)
    assert 'CREATE ROLE "recado_app" LOGIN' in str(stop.value)
    assert "DATABASE_OWNER_URL" in str(stop.value)
