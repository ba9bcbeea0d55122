"""Addresses that events are posted to: what can be said of one before anybody is asked.

Pure but for the settings. The connection itself is guarded anew by egress.py, since a name
may lead elsewhere by then.
"""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from integrations import egress

LONGEST: Final = 500


def refusal(url: str) -> str:
    """Why no event may be posted there, in a word; empty where it may.

    `malformed`, `too_long`, `credentials`, `https_only`, `port` or `private`. A host that the
    operator lets through by name (EGRESS_ALLOWED_HOSTS) may have http and any port.
    """
    if len(url) > LONGEST:
        return "too_long"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "malformed"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "malformed"
    if parts.scheme not in {"http", "https"} or not host or parts.fragment:
        return "malformed"
    if "@" in parts.netloc:
        return "credentials"
    usual = egress.DEFAULT_PORT if parts.scheme == "https" else 80
    if egress.is_allowed(host, port or usual, settings.EGRESS_ALLOWED_HOSTS):
        return ""
    if parts.scheme != "https":
        return "https_only"
    if (port or usual) != egress.DEFAULT_PORT:
        return "port"
    return "private" if _is_private(host) else ""


def _is_private(host: str) -> bool:
    plain = egress.normal_host(host)
    try:
        return egress.refusal(plain) is not None
    except ValueError:  # a name
        pass
    # Notations of an address that resolvers understand and people do not: 0x7f.1, 2130706433.
    last = plain.rpartition(".")[2]
    is_number = last.isdigit() or last.startswith("0x")
    is_ours = plain.endswith((".localhost", ".local", ".internal"))
    return is_number or is_ours or "." not in plain
