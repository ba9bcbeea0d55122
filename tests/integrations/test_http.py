import gzip
import json
import logging
import socket
import ssl
import time
import traceback
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection, transaction

from integrations import http
from integrations.models import ChannelLog
from integrations.providers.base.errors import (
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unreachable,
)
from tests.integrations.loopback import plain, serving

SECRET = "EAAG/se+cret=0123456789"


@pytest.fixture
def client(world):
    def make(**options):
        values = {"redact_keys": {"x-key", "pin"}, "secrets": [SECRET]} | options
        return http.Client(workspace_id=world.workspace.pk, **values)

    return make


@pytest.fixture
def allow(settings):
    """Let the given servers through although they are on the loopback address."""

    def let_through(*servers):
        settings.EGRESS_ALLOWED_HOSTS = [server.host for server in servers]

    return let_through


@pytest.fixture
def resolver(monkeypatch):
    """The name server of this test: it gives each look-up the next of `answers`."""

    class Resolver:
        answers: list[list[str]] = []
        asked: list[str] = []

        def __call__(self, host, port, **_):
            self.asked.append(host)
            addresses = self.answers[min(len(self.asked), len(self.answers)) - 1]
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, port),
                )
                for address in addresses
            ]

    found = Resolver()
    found.answers, found.asked = [], []
    monkeypatch.setattr(socket, "getaddrinfo", found)
    return found


def only_log(world):
    return ChannelLog.objects.for_workspace(world.workspace).get()


# --- an exchange --------------------------------------------------------------
def test_a_request_goes_out_as_asked_and_its_answer_comes_back_whole(
    client, allow, world
):
    with serving(plain(b'{"id": 7}', status="201 Created")) as server:
        allow(server)
        response = client().request(
            "post",
            server.url("/v1/messages?page=2"),
            operation="probe",
            headers={"X-Own": "yes"},
            json={"text": "olá"},
        )

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/messages?page=2 HTTP/1.1")
    assert f"Host: {server.host}".encode() in head
    assert b"X-Own: yes" in head
    assert json.loads(body) == {"text": "olá"}
    assert (response.status_code, response.json()) == (201, {"id": 7})
    assert response.headers["content-type"] == "application/json"
    log = only_log(world)
    assert (log.operation, log.method, log.status_code) == ("probe", "POST", 201)
    assert log.url == server.url("/v1/messages?page=2")


def test_an_error_status_is_an_answer_and_not_an_exception(client, allow, world):
    with serving(plain(status="500 Oops")) as server:
        allow(server)
        response = client().request("GET", server.url(), operation="probe")

    assert response.status_code == 500
    assert only_log(world).status_code == 500


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000])
def test_an_answer_that_is_no_json_says_so_when_it_is_read_as_json(client, allow, body):
    with serving(plain(body)) as server:
        allow(server)
        response = client().request("GET", server.url(), operation="probe")

    with pytest.raises(ValueError):  # noqa: PT011  # the promise of json() is just that
        response.json()


def test_connections_are_kept_and_cookies_are_not(client, allow):
    with serving(plain(headers="Set-Cookie: tenant=1; Path=/\r\n")) as server:
        allow(server)
        for _ in range(3):
            client().request("GET", server.url(), operation="probe")

    assert server.connections == 1
    assert b"cookie" not in b"".join(server.requests).lower()


def test_a_connection_the_other_side_closed_is_not_used_again(client, allow):
    def answer_and_close(stream, _):
        plain()(stream, _)
        stream.shutdown(socket.SHUT_RDWR)

    with serving(answer_and_close) as server:
        allow(server)
        for _ in range(3):
            client().request("GET", server.url(), operation="probe")
            time.sleep(0.02)

    assert server.connections == 3


def test_proxies_and_netrc_of_the_environment_are_not_used(
    client, allow, monkeypatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with serving(plain()) as server:
        allow(server)
        client().request("GET", server.url(), operation="probe")

    assert b"authorization" not in server.requests[0].lower()


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_packed_answer_is_unpacked(client, allow, packing):
    body = gzip.compress(b'{"a":1}') if packing == "gzip" else zlib.compress(b'{"a":1}')
    with serving(plain(body, headers=f"Content-Encoding: {packing}\r\n")) as server:
        allow(server)
        response = client().request("GET", server.url(), operation="probe")

    assert response.json() == {"a": 1}


# --- the guard ----------------------------------------------------------------
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "http://example.com/",
        "https://example.com:8443/",
        "https://user:pass@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
    ],
)
def test_a_destination_out_of_bounds_is_refused_before_anything_is_sent(
    client, world, url
):
    with pytest.raises(Refused) as refused:
        client().request("GET", url, operation="probe")

    assert refused.value.code == "egress_denied"
    assert only_log(world).error == "egress_denied"


@pytest.mark.parametrize(
    "url", ["https://exa\nmple.com/", "https://[::1/", "https://a:b"]
)
def test_what_is_no_url_is_refused(client, world, url):
    with pytest.raises(Refused):
        client().request("GET", url, operation="probe")

    assert only_log(world).error in {"malformed_request", "egress_denied"}


def test_one_private_address_among_public_ones_refuses_the_name(client, resolver):
    resolver.answers = [["93.184.216.34", "2606:4700::1111", "10.0.0.1"]]

    with pytest.raises(Refused) as refused:
        client().request("GET", "https://api.example.com/", operation="probe")

    assert refused.value.detail == "private"


def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind(
    client, resolver, settings
):
    resolver.answers = [["127.0.0.1"], ["10.0.0.1"]]
    with serving(plain()) as server:
        settings.EGRESS_ALLOWED_HOSTS = [f"provider.example.com:{server.port}"]
        url = f"http://provider.example.com:{server.port}/"
        client().request("GET", url, operation="probe")

    assert resolver.asked == ["provider.example.com"]
    assert f"Host: provider.example.com:{server.port}".encode() in server.requests[0]


def test_a_rebound_name_is_refused_when_it_is_looked_up_again(client, resolver):
    resolver.answers = [["127.0.0.1"]]
    with serving(plain()) as server, pytest.raises(Refused):
        client().request("GET", "https://rebound.example.com/", operation="probe")

    assert server.connections == 0


def test_the_next_address_is_tried_when_the_first_is_dead(client, resolver, settings):
    resolver.answers = [["::1", "127.0.0.1"]]
    with serving(plain()) as server:
        settings.EGRESS_ALLOWED_HOSTS = ["twofold.example.com"]
        url = f"http://twofold.example.com:{server.port}/"
        response = client().request("GET", url, operation="probe")

    assert response.status_code == 200


# --- redirects ----------------------------------------------------------------
def test_a_redirect_is_an_answer_unless_following_was_asked_for(client, allow):
    moved = plain(b"", status="302 Found", headers="Location: /next\r\n")
    with serving(moved) as server:
        allow(server)
        response = client().request("GET", server.url(), operation="fetch")

    assert response.status_code == 302
    assert len(server.requests) == 1


def test_credentials_never_cross_to_another_host(client, allow):
    with serving(plain(b"file")) as other:
        location = f"Location: {other.url('/file')}\r\n"
        with serving(plain(b"", status="302 Found", headers=location)) as server:
            allow(server, other)
            response = client().request(
                "GET",
                server.url(),
                operation="fetch",
                headers={"Authorization": f"Bearer {SECRET}", "X-Key": "k"},
                follow_redirects=True,
            )

    assert response.content == b"file"
    assert b"Authorization" in server.requests[0]
    assert b"authorization" not in other.requests[0].lower()
    assert b"x-key" not in other.requests[0].lower()


def test_credentials_stay_with_the_same_origin(client, allow):
    def moved_once(stream, request):
        is_first = request.startswith(b"GET / ")
        location = "Location: /next\r\n"
        answer = plain(b"", status="302 Found", headers=location)
        (answer if is_first else plain())(stream, request)

    with serving(moved_once) as server:
        allow(server)
        client().request(
            "GET",
            server.url(),
            operation="fetch",
            headers={"X-Key": "k"},
            follow_redirects=True,
        )

    assert b"X-Key: k" in server.requests[1]


def test_the_guard_judges_the_target_of_a_redirect_too(client, allow):
    location = "Location: https://169.254.169.254/\r\n"
    with serving(plain(b"", status="302 Found", headers=location)) as server:
        allow(server)
        with pytest.raises(Refused):
            client().request(
                "GET", server.url(), operation="fetch", follow_redirects=True
            )


def test_a_circle_of_redirects_ends(client, allow):
    moved = plain(b"", status="302 Found", headers="Location: /again\r\n")
    with serving(moved) as server:
        allow(server)
        with pytest.raises(OutcomeUnknown, match="too_many_redirects"):
            client().request(
                "GET", server.url(), operation="fetch", follow_redirects=True
            )

    assert len(server.requests) == http.MOST_REDIRECTS


def test_a_post_is_never_repeated_by_a_redirect(client, allow):
    moved = plain(b"", status="307 Moved", headers="Location: /next\r\n")
    with serving(moved) as server:
        allow(server)
        response = client().request(
            "POST", server.url(), operation="send", json={}, follow_redirects=True
        )

    assert response.status_code == 307


# --- how it ends --------------------------------------------------------------
def drip(stream, _):
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        stream.sendall(b".")
        time.sleep(0.05)


def drip_the_head(stream, _):
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
        stream.sendall(bytes([letter]))
        time.sleep(0.05)


def reset(stream, _):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.close()


def truncated(stream, _):
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")
    stream.close()


def endless(stream, _):
    stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        stream.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


BOMB = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda *_: time.sleep(1), "request_timeout"),
        (drip, "answer_timeout"),
        (drip_the_head, "request_timeout"),
        (reset, "request_failed"),
        (truncated, "answer_truncated"),
        (endless, "answer_too_large"),
        (plain(b"x" * 3_000_000), "answer_too_large"),
        (plain(BOMB, headers="Content-Encoding: gzip\r\n"), "answer_too_large"),
        (plain(b"no", headers="Content-Encoding: gzip\r\n"), "unreadable_answer"),
        (plain(b"no", headers="Content-Encoding: br\r\n"), "unreadable_answer"),
        (
            plain(BOMB[:500], headers="Content-Encoding: gzip\r\n"),
            "answer_truncated",
        ),
        (lambda stream, _: stream.sendall(b"nonsense\r\n\r\n"), "request_failed"),
    ],
    ids=[
        "silence",
        "slow drip",
        "slow head",
        "reset",
        "truncated",
        "endless",
        "huge",
        "bomb",
        "not packed",
        "unknown packing",
        "half packed",
        "not HTTP",
    ],
)
def test_after_the_request_was_written_the_outcome_is_unknown(
    client, allow, world, answer, code
):
    started = time.monotonic()
    with serving(answer) as server:
        allow(server)
        with pytest.raises(OutcomeUnknown) as unknown:
            client(deadline=0.5, max_bytes=1_000_000).request(
                "POST", server.url(), operation="send", json={"text": "oi"}
            )

    assert unknown.value.code == code
    assert time.monotonic() - started < 1.5
    assert only_log(world).error == code


def test_a_budget_is_for_all_requests_and_what_is_over_is_not_sent(client, allow):
    def slow(stream, request):
        time.sleep(0.3)
        plain()(stream, request)

    with serving(slow) as server:
        allow(server)
        spending = client(budget=0.5)
        spending.request("GET", server.url(), operation="probe")
        with pytest.raises(OutcomeUnknown, match="request_timeout"):
            spending.request("GET", server.url(), operation="probe")
        with pytest.raises(Unreachable, match="connect_timeout"):
            spending.request("POST", server.url(), operation="probe", json={})

    assert len(server.requests) == 2


def test_a_server_that_does_not_read_is_left_at_the_deadline(client, allow):
    listener = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    allow(type("Silent", (), {"host": host}))
    with listener, pytest.raises(OutcomeUnknown, match="request_timeout"):
        client(deadline=0.3).request(
            "POST", f"http://{host}/", operation="send", content=b"x" * 20_000_000
        )


def test_a_refused_connection_was_never_sent(client, settings, world):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host = f"127.0.0.1:{gone.getsockname()[1]}"
    settings.EGRESS_ALLOWED_HOSTS = [host]

    with pytest.raises(Unreachable) as unreachable:
        client().request("POST", f"http://{host}/", operation="send", json={})

    assert unreachable.value.code == "connect_failed"
    assert only_log(world).error == "connect_failed"


def test_a_name_without_an_address_was_never_sent(client, resolver):
    resolver.answers = [[]]

    with pytest.raises(Unreachable, match="dns_failed"):
        client().request("GET", "https://nowhere.example.com/", operation="probe")


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({"headers": {"X-Key": f"{SECRET}\r\nInjected: 1"}}, "line break in a header"),
        ({"headers": {"X-Key": f"{SECRET}\u00e9\u4e00"}}, "header that is not Latin"),
        ({"json": {"text": "\ud800"}}, "lone surrogate"),
        ({"json": {"n": float("nan")}}, "not a number"),
        ({"json": {"x": object()}}, "not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_http_cannot_carry_is_refused_and_quoted_nowhere(
    client, allow, options, label
):
    with serving(plain()) as server:
        allow(server)
        with pytest.raises(Refused) as refused:
            client().request("POST", server.url(), operation="send", **options)

    assert refused.value.code == "malformed_request"
    assert server.requests == []
    assert refused.value.__context__ is None


# --- TLS ----------------------------------------------------------------------
@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a self-signed certificate of provider.example.com."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.example.com")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("provider.example.com")]), False
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    key_path, certificate_path = folder / "key.pem", folder / "cert.pem"
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, certificate_path


@pytest.fixture
def tls(certificate):
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    """The certificate above is one of the world's authorities for this test."""
    monkeypatch.setattr(certifi, "where", lambda: str(certificate[1]))
    http.close()  # the next connection reads the authorities anew


def test_a_certificate_nobody_vouches_for_ends_before_the_request(
    client, resolver, settings, tls, world
):
    resolver.answers = [["127.0.0.1"]]
    with serving(plain(), tls=tls) as server:
        host = f"provider.example.com:{server.port}"
        settings.EGRESS_ALLOWED_HOSTS = [host]
        with pytest.raises(Unreachable, match="tls_failed"):
            client().request("POST", f"https://{host}/", operation="send", json={})

    assert server.requests == []
    assert only_log(world).error == "tls_failed"


def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    client, resolver, settings, tls, trusted
):
    names = []
    tls.sni_callback = lambda _, name, __: names.append(name)
    resolver.answers = [["127.0.0.1"]]
    with serving(plain(), tls=tls) as server:
        settings.EGRESS_ALLOWED_HOSTS = ["provider.example.com", "other.example.com"]
        right = f"https://provider.example.com:{server.port}/"
        wrong = f"https://other.example.com:{server.port}/"
        response = client().request("GET", right, operation="probe")
        with pytest.raises(Unreachable, match="tls_failed"):
            client().request("GET", wrong, operation="probe")

    assert response.status_code == 200
    assert names == ["provider.example.com", "other.example.com"]


def test_a_handshake_that_never_ends_is_left_at_the_deadline(
    client, resolver, settings
):
    resolver.answers = [["127.0.0.1"]]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"provider.example.com:{silent.getsockname()[1]}"
        settings.EGRESS_ALLOWED_HOSTS = [host]
        with pytest.raises(Unreachable, match="tls_timeout"):
            client(deadline=0.2).request("GET", f"https://{host}/", operation="probe")


# --- what is written down -----------------------------------------------------
@pytest.mark.parametrize("is_failure", [False, True], ids=["answered", "reset"])
def test_no_secret_reaches_a_row_a_log_line_or_an_exception(
    client, allow, world, caplog, is_failure
):
    caplog.set_level(logging.DEBUG)
    echo = plain(
        json.dumps({"echo": [{"deep": SECRET}], "PIN": "4711-pin"}).encode(),
        headers=f"X-Token-Echo: {SECRET}\r\nX-Key: header-key\r\n",
    )
    with serving(reset if is_failure else echo) as server:
        allow(server)
        error = None
        try:
            client().request(
                "POST",
                server.url(
                    f"/hook/EAAG%2Fse%2Bcret%3D0123456789?access_token={SECRET}"
                ),
                operation="probe",
                headers={"Authorization": f"Bearer {SECRET}", "X-Key": "header-key"},
                json={"a": [{"Pin": "4711-pin", "text": f"key is {SECRET}"}]},
            )
        except ProviderError as caught:
            error = "".join(traceback.format_exception(caught))

    log = only_log(world)
    row = "\n".join(str(value) for value in vars(log).values())
    assert (error is not None) is is_failure
    for told in (row, caplog.text, error or ""):
        for secret in (SECRET, "EAAG%2Fse", "0123456789", "4711-pin", "header-key"):
            assert secret not in told
    assert '"text": "key is ***"' in log.request
    assert "access_token=***" in log.url


def test_a_failure_is_logged_with_ids_alone(client, allow, world, caplog):
    with serving(plain(status="401 No")) as server:
        allow(server)
        client().request("GET", server.url("/path"), operation="probe")

    (record,) = [r for r in caplog.records if r.getMessage() == "provider call failed"]
    assert record.name == "integrations"
    assert (record.workspace_id, record.code) == (world.workspace.pk, 401)


def test_a_log_row_that_cannot_be_written_does_not_break_the_exchange(
    allow, db, caplog
):
    with serving(plain()) as server:
        allow(server)
        orphan = http.Client(workspace_id=2**63)  # more than the column takes
        response = orphan.request("GET", server.url(), operation="probe")

    assert response.status_code == 200
    assert "channel log not written" in caplog.text
    with connection.cursor() as cursor:  # the caller's transaction is still good
        cursor.execute("SELECT 1")


def test_an_exchange_inside_a_transaction_is_reported(client, allow, world, caplog):
    with serving(plain()) as server:
        allow(server)
        with transaction.atomic():
            client().request("GET", server.url(), operation="probe")

    assert "provider call inside a transaction" in caplog.text
    assert only_log(world).status_code == 200


def test_an_exchange_outside_transactions_is_not(client, allow, caplog):
    with serving(plain()) as server:
        allow(server)
        client().request("GET", server.url(), operation="probe")

    assert "inside a transaction" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_many_threads_share_the_connections(client, allow, world):
    def ask(_):
        try:
            return shared.request("GET", server.url(), operation="probe").status_code
        finally:
            connection.close()

    with serving(plain()) as server, ThreadPoolExecutor(8) as threads:
        allow(server)
        shared = client()
        statuses = list(threads.map(ask, range(64)))

    assert statuses == [200] * 64
    assert ChannelLog.objects.for_workspace(world.workspace).count() == 64
    assert server.connections < 32
