"""A connection to the database beside Django's pool, for what must not wait its turn."""

from typing import Any

import psycopg
from django.db import connection

_DJANGO_ONLY_OPTIONS = {
    "pool",
    "isolation_level",
    "server_side_binding",
    "assume_role",
    "connect_timeout",
}
CONNECT_SECONDS = 2


async def connect() -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Autocommit, to the database of Django's settings; the caller closes it."""
    chosen = connection.settings_dict
    options = {
        name: value
        for name, value in chosen["OPTIONS"].items()
        if name not in _DJANGO_ONLY_OPTIONS
    }
    if role := chosen["OPTIONS"].get("assume_role"):
        options["options"] = f"{options.get('options', '')} -c role={role}"
    return await psycopg.AsyncConnection.connect(
        dbname=chosen["NAME"],
        user=chosen["USER"] or None,
        password=chosen["PASSWORD"] or None,
        host=chosen["HOST"] or None,
        port=chosen["PORT"] or None,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        **options,
    )
