"""What the central OAuth server answers in a second, as `manage.py up` serves it."""

import hashlib
import secrets
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import psycopg

from config.embedded import central, files, launch, postgres
from tests.bench import load
from tests.bench.house import House, HouseFailed, free_port
from tests.bench.report import Bound, Row

LEAST_PER_SECOND = 500
REQUESTS, CONNECTIONS, ROUNDS = 4000, 16, 3
# A sign-in at a client, and the access token that came of it.
_SIGN_IN = """
WITH who AS (SELECT id FROM accounts_user LIMIT 1), family AS (
  INSERT INTO central_family (client_id, user_id, session_hash, code_hash, code,
    code_expires_at, created_at, expires_at, revoked_why)
  SELECT %(client)s, id, '', %(hash)s, '{}', now(), now(), now() + interval '1 day', ''
  FROM who RETURNING id
), member AS (
  INSERT INTO central_familytoken (family_id, hash, expires_at)
  SELECT id, %(hash)s, now() + interval '1 day' FROM family
)
INSERT INTO allauth_idp_oidc_token (type, hash, client_id, user_id, created_at, expires_at,
  scopes)
SELECT 'at', %(hash)s, %(client)s, id, now(), now() + interval '1 day', E'openid\nprofile\nemail'
FROM who
"""


def central_user(house: House) -> list[Row]:
    """`GET /api/user` with one valid token over kept connections."""
    house.ready()
    port = free_port()
    files.ensure_keys(house.home, (*files.MADE_KEYS, *central.MADE_KEYS))
    env = {**files.read(files.keys_file(house.home)), **house.env}
    env.setdefault("PUBLIC_URL", "http://127.0.0.1:8000")
    if not house.database_url:
        # The embedded cluster has the server's role and database.
        env["CENTRAL_DATABASE_URL"] = postgres.central_url(house.sockets)
    plan = central.plan(port, env)
    url = plan.env["CENTRAL_DATABASE_URL"]
    central.make_database(url)
    subprocess.run(
        [sys.executable, "manage.py", "central_seed", "--migrate"],
        env=plan.env,
        cwd=files.BASE_DIR,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    asked = [_request(port, _token(url, plan.env["CENTRAL_CLIENT_ID"]))]
    with (house.log / "central.log").open("wb") as log:
        process = launch.spawn(
            [*launch.dies_with_us("TERM"), sys.executable, *plan.command],
            log=log,
            cwd=files.BASE_DIR,
            env=plan.env,
        )
    try:
        _wait(port, process, house.log / "central.log")
        number = REQUESTS // (20 if house.is_quick else 1)
        address = ("127.0.0.1", port)
        load.full_speed(address, asked * (number // 10), connections=CONNECTIONS)
        rounds = [
            load.full_speed(address, asked * number, connections=CONNECTIONS)
            for _ in range(ROUNDS)
        ]
        alone = load.full_speed(address, asked * (number // 10), connections=1)
    finally:
        launch.stop(process, signal.SIGTERM, patience=15)
    if set(alone.statuses) != {200}:
        raise HouseFailed(f"the central server refuses its own token: {alone.statuses}")
    return [
        Row(
            "central_user",
            statistics.median(one.rate for one in rounds),
            "/s",
            target=LEAST_PER_SECOND,
            bound=Bound.VALUE_AT_LEAST,
            note=f"one alone: {alone.percentile(0.5) * 1000:.1f} ms",
        )
    ]


def _token(url: str, client_id: str) -> str:
    value = secrets.token_urlsafe(64)
    digest = hashlib.sha256(value.encode()).hexdigest()
    with psycopg.connect(url) as connection:
        connection.execute(_SIGN_IN, {"client": client_id, "hash": digest})
    return value


def _request(port: int, token: str) -> bytes:
    lines = [
        "GET /api/user HTTP/1.1",
        f"host: localhost:{port}",
        f"authorization: Bearer {token}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://localhost:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise HouseFailed(f"the central server did not start:\n{launch.tail(log)}")
