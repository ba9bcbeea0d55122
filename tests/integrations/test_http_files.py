"""A file is read from the wire into whatever the caller holds, and never beyond its limit."""

import gzip
import io

import pytest
from pytest_django import Settings

from integrations import http
from integrations.models import ChannelLog
from integrations.providers.base.errors import OutcomeUnknown
from tests.conftest import World
from tests.integrations.loopback import plain, serving

FILE = bytes(range(256)) * 400
KIND = "Content-Type: image/png\r\n"


@pytest.fixture
def client(world: World) -> http.Client:
    return http.Client(workspace_id=world.workspace.pk, deadline=5, max_bytes=1000)


def test_body_of_a_success_goes_into_the_file_and_not_into_the_log(
    client: http.Client, settings: Settings, world: World
) -> None:
    into = io.BytesIO()
    with serving(plain(FILE, headers=KIND)) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        response = client.request(
            "GET", server.url(), operation="fetch_media", into=into, most=len(FILE)
        )

    assert into.getvalue() == FILE
    assert response.content == b""
    [row] = ChannelLog.objects.for_workspace(world.workspace)
    assert len(row.response) < 500


def test_body_of_a_failure_is_an_answer_and_no_file(
    client: http.Client, settings: Settings
) -> None:
    into = io.BytesIO()
    with serving(plain(b'{"error":"gone"}', status="404 Gone")) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        response = client.request(
            "GET", server.url(), operation="fetch_media", into=into, most=10_000
        )

    assert response.json() == {"error": "gone"}
    assert into.getvalue() == b""


@pytest.mark.parametrize(
    ("body", "headers"),
    [(FILE, KIND), (gzip.compress(FILE), f"{KIND}Content-Encoding: gzip\r\n")],
    ids=["plain", "packed"],
)
def test_file_beyond_its_limit_is_given_up(
    body: bytes, headers: str, client: http.Client, settings: Settings
) -> None:
    into = io.BytesIO()
    with serving(plain(body, headers=headers)) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        with pytest.raises(OutcomeUnknown) as caught:
            client.request(
                "GET",
                server.url(),
                operation="fetch_media",
                into=into,
                most=len(FILE) - 1,
            )

    assert caught.value.code == "answer_too_large"
    assert len(into.getvalue()) < len(FILE)


def test_limit_of_one_question_is_not_that_of_the_next(
    client: http.Client, settings: Settings
) -> None:
    with serving(plain(FILE, headers=KIND)) as server:
        settings.EGRESS_ALLOWED_HOSTS = [server.host]
        whole = client.request(
            "GET", server.url(), operation="fetch_media", most=len(FILE)
        )
        with pytest.raises(OutcomeUnknown):
            client.request("GET", server.url(), operation="fetch_media")

    assert whole.content == FILE
