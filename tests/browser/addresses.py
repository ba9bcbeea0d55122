"""Every address of the resolver, with the rows of a shop where it asks for a key."""

import re

from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.house import Shop
from whatsapp.models import Conversation, Lead, TrackedLink

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_REGEX_PARAMETER = re.compile(r"\(\?P<(\w+)>[^)]*\)")
# What stands in an address beside keys; allauth's are those of a link in an old mail.
_PLAIN = {"slug": "instagram-bio", "uidb36": "0", "key": "0-0"}
# Addresses that programs read.
_FOR_PROGRAMS = {"healthz", "readyz", "metrics"}


def routes() -> list[tuple[str, str]]:
    """(name, route) in the order of the resolver."""
    found: list[tuple[str, str]] = []
    _collect(get_resolver(), "", "", found)
    return [(name, route) for name, route in found if name not in _FOR_PROGRAMS]


def filled(name: str, route: str, shop: Shop) -> str:
    """The route as an address. A key of an unknown kind fails: give it a row here."""

    def value(match: re.Match[str]) -> str:
        parameter = match.group(1)
        if parameter == "workspace_slug":
            return shop.workspace.slug
        if route.startswith("w/"):
            return str(_row(name, shop).key)
        return _PLAIN[parameter]

    return "/" + _PARAMETER.sub(value, route)


def _row(name: str, shop: Shop) -> Conversation | Lead | TrackedLink:
    rows: dict[str, Conversation | Lead | TrackedLink] = {
        "conversation": shop.conversation,
        "lead": shop.lead,
        "link": shop.link,
    }
    return rows[name.partition(":")[2].partition("-")[0]]


def _collect(
    resolver: URLResolver, prefix: str, space: str, found: list[tuple[str, str]]
) -> None:
    for pattern in resolver.url_patterns:
        part = _REGEX_PARAMETER.sub(r"<\1>", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            _collect(pattern, prefix + part, inner, found)
        elif isinstance(pattern, URLPattern):
            found.append((f"{space}{pattern.name}", prefix + part))
