"""Whose address a request came from. What a header says counts only from proxies of ours.

Room 0, pure. `accounts.http` asks for pages, the receiver for webhooks.
"""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_MOST_HOPS = 20  # a longer list is nobody's honest path


def visitor(
    peer: str | None, forwarded_for: str, trusted: Sequence[Network]
) -> str | None:
    """The address nearest to the visitor that a proxy of ours vouches for.

    `forwarded_for` is walked from the right, as long as the one who wrote an entry is
    trusted. What stands left of that, the visitor may have made up.
    """
    at = _read(peer or "")
    if at is None:
        return None
    hops = forwarded_for.split(",")[-_MOST_HOPS:] if forwarded_for else []
    while hops and _is_among(at, trusted):
        before = _read(hops.pop())
        if before is None:
            break
        at = before
    return str(at)


@lru_cache(maxsize=4096)
def neighbourhood(address: str | None) -> str:
    """What one visitor can choose addresses from: limits count an IPv6 network as one."""
    at = _read(address or "")
    if at is None:
        return "unknown"
    if isinstance(at, IPv6Address):
        return str(IPv6Network((at, 64), strict=False))
    return str(at)


def is_loopback(host: str) -> bool:
    """Whether a host, by name or by address, is this machine to itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_among(at: Address, networks: Sequence[Network]) -> bool:
    return any(at in network for network in networks)


def _read(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, with a zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        at = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = at.ipv4_mapped if isinstance(at, IPv6Address) else None
    return mapped or at
