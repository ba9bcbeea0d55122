"""A request of the client that is not answered as it should be, and how it ends."""

import gzip
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import http
from integrations.providers.base.errors import OutcomeUnknown, Refused, Unreachable
from tests.integrations.exchanges import SECRET, clients, only_log
from tests.integrations.loopback import plain, reset, serving


@pytest.fixture
def client(world):
    return clients(world)


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
    assert time.monotonic() - started < 5
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
