import socket
import threading

import pytest

from integrations import egress

REFUSED = [
    "0.0.0.0",  # noqa: S104  # an address to refuse, nothing is bound to it
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",  # IPv4-translated
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:808:808:0:0:f5ff:fffe",  # Teredo, client 10.0.0.1
    "2001:0:a00:1:0:0:f7f7:f7f7",  # Teredo, server 10.0.0.1
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2606:4700::5efe:10.0.0.1",  # ISATAP
    "2606:4700::200:5efe:192.168.0.1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
LET_THROUGH = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2606:4700::1111",
    "2a03:2880:f12f::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_out_of_bounds_is_refused_with_a_reason(address):
    assert egress.refusal(address)


@pytest.mark.parametrize("address", LET_THROUGH)
def test_a_public_address_passes(address):
    assert egress.refusal(address) is None


@pytest.mark.parametrize(
    ("entry", "host", "port", "is_allowed"),
    [
        ("waha.local", "waha.local", 443, True),
        ("waha.local", "WAHA.local.", 3000, True),
        ("waha.local:3000", "waha.local", 3000, True),
        ("waha.local:3000", "waha.local", 3001, False),
        ("waha.local", "evil-waha.local", 443, False),
        ("waha.local", "waha.local.example.com", 443, False),
        ("127.0.0.1:8000", "127.0.0.1", 8000, True),
        ("::1", "::1", 80, True),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
        ("[::1]", "[::1]", 80, True),
    ],
)
def test_an_entry_lets_its_host_through_and_no_other(entry, host, port, is_allowed):
    assert egress.is_allowed(host, port, [entry]) is is_allowed


@pytest.mark.parametrize(
    "spelling", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost", "::1"]
)
def test_every_spelling_of_this_machine_is_judged_by_its_address(spelling):
    found = egress.resolve(spelling, 443, timeout=5)

    assert all(egress.refusal(address[0]) == "loopback" for _, address in found)


def test_a_resolver_that_hangs_does_not_hold_the_request(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(5) and [])

    with pytest.raises(egress.ResolveFailed):
        egress.resolve("slow.example.com", 443, timeout=0.05)
    gate.set()


def test_a_name_that_cannot_be_a_name_fails_as_a_look_up():
    with pytest.raises(egress.ResolveFailed):
        egress.resolve("a" * 300, 443, timeout=5)
