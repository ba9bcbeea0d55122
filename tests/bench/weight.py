"""What the first page costs a browser that has never been here, over the wire.

Without a browser: the page, and everything that it, its style sheets and its modules name,
each once, in the encoding that the server chooses.
"""

import re
from urllib.parse import urljoin, urlsplit

from tests.bench import served
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.bench.walks import Shop, Visitor, decoded

MOST_KILOBYTES = 150

# What a browser fetches for an element; links that a person follows are none of it.
_IN_HTML = re.compile(
    r"<(?:script|img|source|video|audio|iframe|embed|input)\b[^>]*?\ssrc=\"([^\"]+)\""
    r"|<use\b[^>]*?\shref=\"([^\"]+)\""
    r"|<link\b(?=[^>]*\srel=\"(?:stylesheet|icon|manifest|preload|modulepreload|"
    r"apple-touch-icon)\")[^>]*?\shref=\"([^\"]+)\""
)
_IN_CSS = re.compile(r"@import\s+\"([^\"]+)\"|url\(\s*[\"']?([^\"')]+)[\"']?\s*\)")
_IN_MODULE = re.compile(
    r"^\s*(?:import|export)\b[^\"';]*[\"']([^\"']+)[\"']", re.MULTILINE
)
_READ_IN = {
    "text/html": _IN_HTML,
    "text/css": _IN_CSS,
    "text/javascript": _IN_MODULE,
}


class AnotherHost(AssertionError):
    """A page of ours would have asked somebody else."""


def page_weight(house: House) -> list[Row]:
    shop = served.large_shop(house)
    with house.pages() as address:
        weights = {
            name: weigh(Visitor(address, session=session), path)
            for name, path, session in _pages(shop)
        }
    heaviest = max(weights, key=lambda name: sum(weights[name].values()))
    sizes = ", ".join(
        f"{name} {sum(parts.values()) / 1e3:.0f} in {len(parts)}"
        for name, parts in weights.items()
    )
    return [
        Row(
            "page_weight",
            sum(weights[heaviest].values()) / 1e3,
            "kB",
            target=MOST_KILOBYTES,
            bound=Bound.VALUE_AT_MOST,
            note=f"kB in requests: {sizes}; no other host",
        )
    ]


def _pages(shop: Shop) -> list[tuple[str, str, str]]:
    """Where people arrive: signing in, and with a session from yesterday."""
    return [
        ("sign-in", "/account/login/", ""),
        ("home", shop.path(""), shop.session),
        ("conversations", shop.path("conversations/"), shop.session),
        ("search", shop.path("conversations/", q="bom"), shop.session),
    ]


def weigh(visitor: Visitor, path: str) -> dict[str, int]:
    """Bytes of every answer, heads included, by the path that was asked for."""
    weights: dict[str, int] = {}
    waiting = [path]
    while waiting:
        asked = waiting.pop()
        if asked in weights:
            continue
        response, body = visitor.get(asked)
        head = sum(len(f"{name}: {value}\r\n") for name, value in response.getheaders())
        weights[asked] = len("HTTP/1.1 200 OK\r\n\r\n") + head + len(body)
        kind = response.headers.get_content_type()
        if kind in _READ_IN:
            text = decoded(response, body)
            waiting += _named(text, _READ_IN[kind], base=asked)
    return weights


def _named(text: str, pattern: re.Pattern[str], *, base: str) -> list[str]:
    """The paths of what a text names; data in the address is no request."""
    paths = []
    for groups in pattern.findall(text):
        named = "".join(groups)
        if named.startswith("data:"):
            continue
        address = urlsplit(urljoin(base, named))
        if address.netloc:
            raise AnotherHost(f"{base} names {named}")
        if address.path != base or address.query:
            paths.append(address._replace(fragment="").geturl())
    return paths
