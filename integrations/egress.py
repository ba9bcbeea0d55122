"""Which addresses a request of ours may reach. Pure but for `resolve()`; http.py asks here.

The list says no by name: private networks, cloud metadata, and every notation that hides
an IPv4 address inside an IPv6 one. Names are judged by what they resolve to, once, and
the connection then goes to that very address.
"""

import ipaddress
import queue
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

DEFAULT_PORT = 443

# A family, and an address as `socket.connect` takes it.
SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]

# IANA special-purpose registries, plus one public address that is a cloud's own metadata.
DENIED_IPV4: list[tuple[IPv4Network, str]] = [
    (ipaddress.IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "multicast tunnelling"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
]
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_6TO4 = IPv6Network("2002::/16")
DENIED_IPV6: list[tuple[IPv6Network, str]] = [
    (ipaddress.IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        # The layout inside this prefix is the network's own, so nothing can be checked.
        ("64:ff9b:1::/48", "local-use NAT64"),
        ("100::/64", "discard"),
        ("100:0:0:1::/64", "dummy"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site local"),
        ("ff00::/8", "multicast"),
    )
]


class ResolveFailed(Exception):
    """The name has no address, or the resolver did not answer in time."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry of EGRESS_ALLOWED_HOSTS: a host, on one port or on every port."""

    host: str
    port: int | None

    @classmethod
    def read(cls, entry: str) -> "Allowed":
        """Read `host`, `host:port`, `::1`, `[::1]` or `[::1]:8080`; env.py checked it."""
        host, separator, port = entry.strip().rpartition(":")
        if not separator or (":" in host and not host.endswith("]")):
            return cls(normal_host(entry), None)
        return cls(normal_host(host), int(port))


def normal_host(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def is_allowed(host: str, port: int, entries: Iterable[str]) -> bool:
    """Whether the operator let this host through by name."""
    wanted = normal_host(host)
    allowed = (Allowed.read(entry) for entry in entries)
    return any(item.host == wanted and item.port in {None, port} for item in allowed)


def refusal(address: str) -> str | None:
    """Say why an address is out of bounds, or None when it is an ordinary public one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return _reason(ip, DENIED_IPV4)
    inner = _embedded(ip)
    if inner:
        reasons = (_reason(hidden, DENIED_IPV4) for hidden in inner)
        return next((f"{reason}, embedded" for reason in reasons if reason), None)
    reason = _reason(ip, DENIED_IPV6)
    if reason is None and ip not in _GLOBAL_UNICAST:
        return "not global unicast"
    return reason


def _reason(
    ip: IPv4Address | IPv6Address,
    denied: Iterable[tuple[IPv4Network | IPv6Network, str]],
) -> str | None:
    return next((reason for network, reason in denied if ip in network), None)


def _embedded(ip: IPv6Address) -> list[IPv4Address]:
    """Find the IPv4 addresses that packets to this IPv6 address end up at."""
    number = int(ip)
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip in _NAT64:
        return [IPv4Address(number & 0xFFFFFFFF)]
    if ip in _6TO4:
        return [IPv4Address(number >> 80 & 0xFFFFFFFF)]
    if ip in _TEREDO:  # the server in clear, the client with its bits turned over
        return [
            IPv4Address(number >> 64 & 0xFFFFFFFF),
            IPv4Address(~number & 0xFFFFFFFF),
        ]
    # ISATAP: a tunnel to the IPv4 address in the last 32 bits, under any global prefix.
    if ip in _GLOBAL_UNICAST and number >> 32 & 0xFCFFFFFF == 0x00005EFE:
        return [IPv4Address(number & 0xFFFFFFFF)]
    return []


def resolve(host: str, port: int, *, timeout: float) -> list[SocketAddress]:
    """Look a name up once, within `timeout`: getaddrinfo itself knows no deadline.

    Answers socket addresses, so that connecting needs no further look-up.
    """
    answers: queue.SimpleQueue[list[SocketAddress]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answers.put([])
        else:
            answers.put([(entry[0], entry[4]) for entry in found])

    # A daemon thread rather than a pool: it survives a fork of the worker and a hung
    # resolver keeps neither the process nor the next request waiting.
    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except queue.Empty:
        raise ResolveFailed from None
    if not found:
        raise ResolveFailed
    return found
