"""`manage.py doctor`: what is missing or wrong, and what to do about it.

It starts before the settings are read, because a setting may be what is wrong. Each finding
names its cure; the exit code is 1 when anything is bad.
"""

import argparse
import asyncio
import importlib
import json
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from config import env
from config.embedded import files, launch, postgres, valkey

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 150000
LEAST_FREE_MEGABYTES = 500
LONGEST_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """`state` is ok, warn or bad; a finding that is not ok has a cure."""

    name: str
    state: str
    detail: str
    cure: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print the findings as JSON"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py doctor", description=__doc__)
    add_arguments(parser)
    return run(as_json=parser.parse_args(arguments).json)


def run(*, as_json: bool) -> int:
    findings = list(examine())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))  # noqa: T201  # the command's output
    else:
        for finding in findings:
            print(f"{finding.state:4}  {finding.name}: {finding.detail}")  # noqa: T201  # the command's output
            if finding.cure:
                print(f"      -> {finding.cure}")  # noqa: T201  # the command's output
    return int(any(finding.state == "bad" for finding in findings))


def examine() -> Iterator[Finding]:
    yield from _machine()
    try:
        _load_settings()
    except env.BadSetting as problem:
        yield Finding("settings", "bad", problem.problem, problem.cure)
        yield from _embedded()
        return
    yield Finding("settings", "ok", "every setting is there and well-formed")
    yield _limits()
    yield _bearers()
    yield from _database()
    yield from _redis()
    yield _storage()
    yield from _identity_server()
    yield from _deployment()


def _load_settings() -> None:
    importlib.import_module("django").setup()


def _limits() -> Finding:
    """How often one may try, as it is in force; and whose word about addresses counts."""
    from django.conf import settings  # noqa: PLC0415  # after the settings are known

    rates = settings.RATE_LIMITS | {
        f"webhook_{name}": rate for name, rate in settings.WEBHOOK_RATES.items()
    }
    told = [f"{name} {env.rate_text(rate)}" for name, rate in rates.items()]
    proxies = ", ".join(map(str, settings.TRUSTED_PROXIES)) or "none"
    detail = f"{', '.join(told)}; trusted proxies: {proxies}"
    is_blind = settings.PUBLIC_URL.startswith("https://") and not (
        settings.TRUSTED_PROXIES
    )
    if is_blind:
        return Finding(
            "limits",
            "warn",
            detail,
            "Behind a proxy every visitor has its address: set TRUSTED_PROXIES.",
        )
    return Finding("limits", "ok", detail)


def _bearers() -> Finding:
    """Whose tokens open `/api/`, and by which words of theirs; see accounts/api."""
    from django.conf import settings  # noqa: PLC0415  # after the settings are known

    server = settings.API_BEARERS
    if server is None:
        return Finding("bearers", "ok", "none but service tokens open /api/")
    place = server["verify_url"] or server["introspection_url"]
    clients = ", ".join(server["clients"]) or "any client"
    detail = (
        f"the identity server is asked at {place or 'the address of its discovery'}; "
        f"OAUTH_API_CLIENTS: {clients}; "
        f"{server['read_scope']} reads, {server['write_scope']} writes"
    )
    return Finding("bearers", "ok", detail)


def _machine() -> Iterator[Finding]:
    version = sys.version.split()[0]
    is_new = sys.version_info >= OLDEST_PYTHON
    yield Finding(
        "python",
        "ok" if is_new else "bad",
        version,
        "" if is_new else "Install Python 3.11 or newer.",
    )
    var = files.var_dir()
    place = next(path for path in (var, *var.parents) if path.exists())
    free = shutil.disk_usage(place).free // 2**20
    yield Finding(
        "disk",
        "ok" if free >= LEAST_FREE_MEGABYTES else "warn",
        f"{free} MB free at {place}",
        "" if free >= LEAST_FREE_MEGABYTES else "Free some space before it runs out.",
    )
    keys = files.keys_file(var)
    if keys.is_file() and stat.S_IMODE(keys.stat().st_mode) & 0o077:
        yield Finding(
            "keys file",
            "bad",
            f"{keys} can be read by others",
            f"chmod 600 {keys}, and rotate the keys if others use this machine.",
        )


def _embedded() -> Iterator[Finding]:
    """Only told when no server is set: then `make run` has to bring them."""
    for name, find in (
        ("embedded PostgreSQL", postgres.bin_dir),
        ("embedded Valkey", valkey.binary),
    ):
        try:
            yield Finding(name, "ok", str(find()))
        except launch.ServerFailed as failure:
            yield Finding(name, "bad", "not installed", str(failure))


def _database() -> Iterator[Finding]:
    from django.db import connection  # noqa: PLC0415  # after the settings are known
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    from config import database, health  # noqa: PLC0415

    state = asyncio.run(health.database_state())
    told, _, problem = state["database"].partition(": ")
    if told == "refused":
        yield Finding("database role", "bad", problem, database.CURE)
        return
    if told != "ok":
        yield Finding(
            "database",
            "bad",
            "does not answer",
            "Check DATABASE_URL and that PostgreSQL accepts this machine and user.",
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int,"
            " current_setting('server_version')"
        )
        number, version = cursor.fetchone()
    is_new = number >= OLDEST_POSTGRES
    yield Finding(
        "database",
        "ok" if is_new else "bad",
        f"PostgreSQL {version}",
        "" if is_new else "Recado needs PostgreSQL 15 or newer.",
    )
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding(
            "migrations",
            "bad",
            f"{len(waiting)} not applied",
            "Run `python manage.py migrate`.",
        )
        return
    yield Finding("migrations", "ok", "all applied")
    yield _inbox(state["oldest_due_seconds"])


def _inbox(oldest_due_seconds: float) -> Finding:
    if oldest_due_seconds > LONGEST_WAIT_SECONDS:
        return Finding(
            "inbox",
            "bad",
            f"the oldest due webhook has waited {oldest_due_seconds:.0f} s",
            "Is the worker running? `make run` starts it; in production see the "
            "services worker and beat.",
        )
    return Finding("inbox", "ok", "nothing is late")


def _redis() -> Iterator[Finding]:
    from config import health  # noqa: PLC0415  # after the settings are known

    if asyncio.run(health.redis_state()) == "ok":
        yield Finding("redis", "ok", "answers")
        return
    yield Finding(
        "redis",
        "warn",
        "does not answer",
        "Check REDIS_URL. Nothing is lost meanwhile, but processing waits for it.",
    )


def _storage() -> Finding:
    """Whether files of messages can be written, read and removed where they belong."""
    from django.conf import settings  # noqa: PLC0415  # after the settings are known
    from django.core.files.base import ContentFile  # noqa: PLC0415
    from django.core.files.storage import default_storage  # noqa: PLC0415

    options = settings.STORAGES["default"].get("OPTIONS", {})
    place = options.get("bucket_name") or options.get("location") or "storage"
    try:
        name = default_storage.save("media/doctor", ContentFile(b"doctor"))
        try:
            with default_storage.open(name) as written:
                is_whole = written.read() == b"doctor"
        finally:
            default_storage.delete(name)
    except Exception as problem:  # noqa: BLE001  # each storage has exceptions of its own
        problem_named = f"{place} cannot be written: {type(problem).__name__}"
    else:
        if is_whole:
            return Finding("storage", "ok", f"files are kept at {place}")
        problem_named = f"{place} does not give back what was written"
    return Finding(
        "storage",
        "bad",
        problem_named,
        "Let Recado write there (MEDIA_ROOT, or the MEDIA_S3_… settings). Until then "
        "received files are tried again, and nothing can be attached.",
    )


def _identity_server() -> Iterator[Finding]:
    from config import identity_server  # noqa: PLC0415  # after the settings are known

    yield from identity_server.examine()


def _deployment() -> Iterator[Finding]:
    """Django's own checks and ours; those of a deployment only where it is one."""
    from django.conf import settings  # noqa: PLC0415  # after the settings are known
    from django.core import checks  # noqa: PLC0415

    is_production = settings.PUBLIC_URL.startswith("https://")
    messages = checks.run_checks(include_deployment_checks=is_production)
    for message in messages:
        yield Finding(
            message.id or "check",
            "bad" if message.is_serious() else "warn",
            str(message.msg),
            message.hint or "",
        )
    if not messages:
        kind = "production" if is_production else "development"
        yield Finding("checks", "ok", f"no complaint about this {kind} installation")
