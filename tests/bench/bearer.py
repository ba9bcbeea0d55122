"""What a bearer costs: from the cache, and for `GET /api/user` as the image serves it."""

import http.server
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.test import RequestFactory
from django.utils import timezone

from accounts.api import bearers
from accounts.api.cache import POSITIVE_SECONDS, Checks, Claims
from accounts.models import Membership, User
from tests.bench import load, shop
from tests.bench.house import House
from tests.bench.report import Bound, Row

CACHE_MS = 1.0
PER_SECOND = 500
CONNECTIONS = 16
TOKEN = "bench-" + "t" * 40


def bearer_cache(house: House) -> list[Row]:
    """Who asks, as a request finds out: the server's kept word, the limit, the person."""
    house.ready()
    issuer = "https://id.example"
    person = User.objects.create_user(
        email="bearer@bench.example", oauth_issuer=issuer, oauth_id="7"
    )
    asked: list[str] = []

    def ask(token: str) -> Claims:
        asked.append(token)
        return Claims(issuer=issuer, subject="7")

    kept, bearers.checks = bearers.checks, Checks(ask)
    request = RequestFactory().get(
        "/api/user", headers={"authorization": f"Bearer {TOKEN}"}
    )
    taken = []
    try:
        for _ in range(2_000 if house.is_quick else 20_000):
            started = time.perf_counter()
            bearer = bearers.identify(request, now=timezone.now())
            taken.append(time.perf_counter() - started)
            if bearers.user_of(bearer) != person:
                raise AssertionError("somebody else was let in")
    finally:
        bearers.checks = kept
    # Once more for each half minute that it took.
    if len(asked) > 1 + sum(taken) / POSITIVE_SECONDS:
        raise AssertionError("one token is asked about once in half a minute")
    ordered = sorted(taken)
    return [
        Row(
            "bearer_cache",
            ordered[int(len(ordered) * 0.99)] * 1e3,
            "ms",
            target=CACHE_MS,
            bound=Bound.VALUE_AT_MOST,
            note=f"p99; median {statistics.median(taken) * 1e3:.2f} ms",
        )
    ]


def api_user(house: House) -> list[Row]:
    workspace = shop.of(house).workspace
    with _identity_server() as (issuer, asked):
        person = User.objects.create_user(
            email="api@bench.example", oauth_issuer=issuer, oauth_id="7"
        )
        Membership.objects.create(workspace=workspace, user=person, role="agent")
        settings = {
            "OIDC_ISSUER": issuer,
            "OAUTH_INTROSPECTION_URL": f"{issuer}/introspect",
            "OAUTH_CLIENT_ID": "recado",
            "OAUTH_CLIENT_SECRET": "bench",
        }
        request = (
            "GET /api/user HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-proto: https\r\n"
            f"authorization: Bearer {TOKEN}\r\n\r\n"
        ).encode()
        count = 300 if house.is_quick else 5000
        with house.pages(**settings) as address:
            load.full_speed(address, [request] * 200, connections=CONNECTIONS)
            rounds = [
                load.full_speed(address, [request] * count, connections=CONNECTIONS)
                for _ in range(1 if house.is_quick else 3)
            ]
    for result in rounds:
        if result.accepted != count:
            raise AssertionError(f"not everybody was let in: {result.statuses}")
    rates = [result.rate for result in rounds]
    middle = sorted(rounds, key=lambda result: result.rate)[len(rounds) // 2]
    return [
        Row(
            "api_user",
            statistics.median(rates),
            "requests/s",
            target=PER_SECOND,
            bound=Bound.VALUE_AT_LEAST,
            note=f"{' '.join(f'{rate:.0f}' for rate in rates)}; median "
            f"{middle.percentile(0.5) * 1e3:.1f} ms, p99 "
            f"{middle.percentile(0.99) * 1e3:.1f} ms over {CONNECTIONS} connections; "
            f"the server was asked {len(asked)} times",
        )
    ]


@contextmanager
def _identity_server() -> Iterator[tuple[str, list[bytes]]]:
    """Says yes to the bench's token; a thread of ours, asked once in thirty seconds."""
    asked: list[bytes] = []

    class Introspection(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps({"active": True, "sub": "7", "client_id": "b"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the table is for people."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Introspection)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
