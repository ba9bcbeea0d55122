"""Who Recado is in PostgreSQL: never the owner, and never by accident."""

import asyncio
import threading
from itertools import product

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from config import celery_app, clock, database, health
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
    _administer_in(sockets, "postgres", *statements)


def _administer_in(sockets, name, *statements):
    server = f"postgresql://postgres@/{name}?host={sockets}"
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


@pytest.fixture
def shop(cluster):
    """A database whose run-time role is bound, and roles of which it must be no member."""
    _administer(
        cluster,
        "CREATE ROLE shop LOGIN",
        "CREATE ROLE shop_app LOGIN",
        "CREATE ROLE shop_crossing",
        "CREATE ROLE shop_looks",
        "CREATE ROLE mighty SUPERUSER",
        "CREATE ROLE wide BYPASSRLS",
        "CREATE ROLE friends",
        "CREATE DATABASE shop OWNER shop",
    )
    _administer_in(
        cluster,
        "shop",
        "CREATE TABLE talk (workspace_id bigint)",
        "ALTER TABLE talk OWNER TO shop",
        "CREATE POLICY crossing ON talk TO shop_crossing USING (true)",
        "CREATE FUNCTION look() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "ALTER FUNCTION look() OWNER TO shop_looks",
    )
    return cluster


WAYS = {
    "directly": ("GRANT {role} TO shop_app", "REVOKE {role} FROM shop_app"),
    "through another role": (
        "GRANT {role} TO friends; GRANT friends TO shop_app",
        "REVOKE friends FROM shop_app; REVOKE {role} FROM friends",
    ),
    "without inheriting": (
        "ALTER ROLE shop_app NOINHERIT; GRANT {role} TO shop_app",
        "REVOKE {role} FROM shop_app; ALTER ROLE shop_app INHERIT",
    ),
}


def test_a_role_is_too_strong_by_whatever_role_it_is_a_member_of(shop):
    words = {
        "mighty": "is a member of mighty, which row-level security does not bind",
        "wide": "is a member of wide, which row-level security does not bind",
        "shop": "owns the tables, or is a member of the role that does",
        "shop_crossing": "is a member of shop_crossing, which looks across workspaces",
        "shop_looks": "is a member of shop_looks, which looks across workspaces",
    }
    assert _problem(shop) == ""

    told = {}
    for name, (way, (given, taken)) in product(words, WAYS.items()):
        _administer(shop, given.format(role=name))
        told[name, way] = _problem(shop)
        _administer(shop, taken.format(role=name))

    assert told == {
        (name, way): f"shop_app {words[name]}" for name, way in product(words, WAYS)
    }
    assert _problem(shop) == ""


def test_a_role_that_may_make_roles_is_too_strong(shop):
    _administer(shop, "ALTER ROLE shop_app CREATEROLE")
    told = _problem(shop)
    _administer(shop, "ALTER ROLE shop_app NOCREATEROLE")

    assert told == "shop_app may make roles, and itself a member of others"


def _problem(sockets):
    async def ask():
        server = f"postgresql://shop_app@/shop?host={sockets}"
        async with await psycopg.AsyncConnection.connect(server) as one:
            return (await database.strength(one)).problem

    return asyncio.run(ask())


# --- a database that comes later ----------------------------------------------------
@pytest.fixture
def away(db, monkeypatch):
    """A database that nobody reaches yet; the answer puts it back."""
    chosen = connections["default"].settings_dict
    there = {name: chosen[name] for name in ("HOST", "PORT")}
    monkeypatch.setitem(chosen, "HOST", "/nowhere")
    monkeypatch.setattr(database, "AGAIN_SECONDS", 0.01)
    return lambda: chosen.update(there)


@pytest.mark.parametrize("process", [celery_app, clock], ids=["worker", "beat"])
def test_worker_and_beat_begin_when_the_database_is_there_and_no_sooner(
    process, away, caplog
):
    threading.Timer(0.2, away).start()

    process._refuse_strong_role()

    assert caplog.messages.count("database not there at the start") > 1


@pytest.mark.parametrize("process", [celery_app, clock], ids=["worker", "beat"])
def test_worker_and_beat_refuse_an_owner_whose_database_came_later(
    process, as_owner_only, away
):
    threading.Timer(0.2, away).start()

    with pytest.raises(RoleTooStrong, match="owns the tables"):
        process._refuse_strong_role()
