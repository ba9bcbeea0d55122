"""Addresses for events: what is refused before anybody is asked."""

import pytest

from integrations import callbacks


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com/recado",
        "https://crm.example.com:443/a?b=c",
        "https://8.8.8.8/events",
        "https://[2606:4700::1111]/events",
        "https://xn--po-0ja.example/events",
    ],
)
def test_an_ordinary_address_is_taken(url):
    assert callbacks.refusal(url) == ""


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "malformed"),
        ("crm.example.com", "malformed"),
        ("https://", "malformed"),
        ("https:///events", "malformed"),
        ("javascript:alert(1)", "malformed"),
        ("file:///etc/passwd", "malformed"),
        ("gopher://example.com/", "malformed"),
        ("https://pão.example/", "malformed"),
        ("https://example.com/a b", "malformed"),
        ("https://example.com/\n", "malformed"),
        ("https://example.com\\@10.0.0.1/", "malformed"),
        ("https://example.com:99999/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://example.com/#part", "malformed"),
        ("https://user:word@example.com/", "credentials"),
        ("https://169.254.169.254@example.com/", "credentials"),
        ("http://example.com/events", "https_only"),
        ("http://example.com:443/events", "https_only"),
        ("https://example.com:8443/events", "port"),
        ("https://example.com/" + "a" * 500, "too_long"),
    ],
)
def test_what_is_no_such_address_is_named(url, word):
    assert callbacks.refusal(url) == word


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "app.localhost", "db", "redis"),
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "100.64.0.1"),
        *("169.254.169.254", "0.1.2.3", "[::1]", "[::ffff:10.0.0.1]", "[fd00::1]"),
        *("[fe80::1]", "[64:ff9b::a00:1]", "2130706433", "0x7f.1", "0x7f000001"),
        *("127.1", "metadata.google.internal", "printer.local"),
    ],
)
def test_what_is_inside_is_refused(host):
    assert callbacks.refusal(f"https://{host}/events") == "private"


def test_what_the_operator_lets_through_may_be_inside_and_plain(settings):
    settings.EGRESS_ALLOWED_HOSTS = ["127.0.0.1:9000", "crm"]

    assert callbacks.refusal("http://127.0.0.1:9000/events") == ""
    assert callbacks.refusal("https://crm/events") == ""
    assert callbacks.refusal("http://127.0.0.1:9001/events") == "https_only"
