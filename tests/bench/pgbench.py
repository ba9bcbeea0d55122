"""`pgbench` inserting a given row: what the disk and PostgreSQL allow, measured beside us."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from config.embedded import postgres
from config.embedded.launch import ServerFailed
from tests.bench.house import House, HouseFailed

CLIENTS = 16
MISSING = "pgbench not found: apt-get install postgresql-contrib"


def find() -> str | None:
    """The one of the embedded server first: then both are of one version."""
    try:
        places = [postgres.bin_dir() / "pgbench"]
    except ServerFailed:
        places = []
    debian = Path("/usr/lib/postgresql").glob("*/bin/pgbench")
    places += sorted(debian, key=lambda path: int(path.parts[-3]), reverse=True)
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    return shutil.which("pgbench")


def insert_statement(table: str, columns: Sequence[str], row: Sequence[object]) -> str:
    """One INSERT with the row's own bytes; its key is drawn anew by the server."""
    values = ", ".join(
        "gen_random_uuid()" if isinstance(value, UUID) else _literal(value)
        for value in row
    )
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    return f"{into} VALUES ({values});\n"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return "now()"
    if isinstance(value, bytes):
        # The shorter of both notations, so that pgbench sends no more than it must.
        if value.isascii() and value.decode().isprintable():
            text = value.decode().replace("\\", "\\\\").replace("'", "''")
            return f"'{text}'"
        return f"'\\x{value.hex()}'"
    return "'" + str(value).replace("'", "''") + "'"


def run(house: House, statement: str, *, seconds: float, mode: str) -> float:
    """Committed rows per second; `mode` is pgbench's query mode."""
    script = house.home / "insert.sql"
    script.write_text(statement, encoding="utf-8")
    command = [
        find() or "pgbench",
        *("--no-vacuum", "--client", str(CLIENTS), "--jobs", "2"),
        *("--time", str(max(1, round(seconds))), "--protocol", mode),
        *("--file", str(script), house.env["DATABASE_OWNER_URL"]),
    ]
    done = subprocess.run(
        command,
        env=_environment(house.env),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"failed transactions: ([1-9]\d*)", done.stdout)
    if done.returncode != 0 or found is None or failed:
        raise HouseFailed(f"pgbench failed:\n{done.stdout}{done.stderr[-1000:]}")
    return float(found[1])


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "LC_ALL": "C.UTF-8"}
