"""Forwarded addresses count only when a configured proxy wrote them."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses
from accounts.http import client_ip

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # Nobody in front: what the visitor sends is hearsay.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        # One proxy of ours: its own entry, and nothing left of it.
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        # A chain of ours.
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        # Visitors inside our own network, and proxies that say nothing.
        ("10.0.0.1", "10.0.0.7", "10.0.0.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        # Nonsense ends the walk where somebody trusted still stands.
        ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9,", "10.0.0.1"),
        # As some proxies write them.
        ("10.0.0.1", "203.0.113.9:51123", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", None),
        (None, "203.0.113.9", None),
    ],
)
def test_only_trusted_proxies_are_believed(peer, forwarded, expected):
    assert addresses.visitor(peer, forwarded, PROXIES) == expected


@given(st.text(max_size=200))
def test_no_header_makes_a_stranger_somebody_else(forwarded):
    assert addresses.visitor("203.0.113.9", forwarded, PROXIES) == "203.0.113.9"


@given(st.text(max_size=60))
def test_nothing_left_of_a_proxys_entry_matters(spoofed):
    told = f"{spoofed}, 203.0.113.9"

    assert addresses.visitor("10.0.0.1", told, PROXIES) == "203.0.113.9"


def test_a_request_is_read_by_the_setting(rf, settings):
    spoofed = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1"})

    settings.TRUSTED_PROXIES = []
    assert client_ip(spoofed) == "127.0.0.1"
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    assert client_ip(spoofed) == "198.51.100.1"
    # That TLS ends before us says nothing about who wrote the header.
    settings.TRUSTED_PROXIES = []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client_ip(spoofed) == "127.0.0.1"


def test_a_visitor_cannot_walk_through_an_ipv6_network():
    first, second = (addresses.neighbourhood(f"2001:db8:1:2::{n}") for n in (1, 2))

    assert first == second == "2001:db8:1:2::/64"
    assert addresses.neighbourhood("2001:db8:1:3::1") != first
    assert addresses.neighbourhood("203.0.113.9") == "203.0.113.9"
    assert addresses.neighbourhood(None) == "unknown"
