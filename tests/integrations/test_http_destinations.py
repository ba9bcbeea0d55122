"""Where the client goes: the guard before a request, and the ways a redirect may take."""

import pytest

from integrations import http
from integrations.providers.base.errors import OutcomeUnknown, Refused
from tests.integrations.exchanges import SECRET, clients, only_log
from tests.integrations.loopback import plain, serving


@pytest.fixture
def client(world):
    return clients(world)


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
