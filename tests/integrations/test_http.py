"""The client of outgoing requests: what it sends, what it brings back, what it writes down."""

import gzip
import json
import logging
import socket
import time
import traceback
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from integrations import http
from integrations.models import ChannelLog
from integrations.providers.base.errors import ProviderError
from tests.integrations.exchanges import SECRET, clients, only_log
from tests.integrations.loopback import plain, reset, serving


@pytest.fixture
def client(world):
    return clients(world)


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
