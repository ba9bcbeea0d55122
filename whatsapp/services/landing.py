"""The page where a link stands, looked at as a visitor of an ad meets it.

No database: the check of a link (`link_checks`) asks from threads. Redirects are followed
here, one by one, since it matters where they lead and what they lose.
"""

import html
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from integrations.http import Client, Response
from integrations.models import ChannelLog
from integrations.providers.base.errors import ProviderError
from whatsapp.link_findings import told

Found = dict[str, Any]

DEADLINE = 12.0  # seconds for all of it
MAX_BYTES = 2 * 1024 * 1024
MOST_HOPS = 6
PARAMETERS = (
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "gclid",
    "fbclid",
)
_PROBE = "recado-check"
_REDIRECTS = {301, 302, 303, 307, 308}
_LONGEST = 200  # of an address in a sentence


def look(
    url: str,
    *,
    link_urls: Sequence[str],
    workspace_id: int,
    failures: list[ChannelLog],
) -> list[Found]:
    """What is wrong with the page; nothing when all is well. Any of the addresses will do."""
    ends_at = time.monotonic() + DEADLINE
    wanted = _wanted(url)
    here = _with(url, wanted)
    seen = {here}
    for _ in range(MOST_HOPS):
        client = Client(
            workspace_id=workspace_id,
            deadline=max(0.1, ends_at - time.monotonic()),
            max_bytes=MAX_BYTES,
            failures=failures,
        )
        try:
            answer = client.request("GET", here, operation="check_landing")
        except ProviderError as error:
            return _failed(error, here, wanted)
        if answer.status_code not in _REDIRECTS or "location" not in answer.headers:
            return _arrived(answer, here, wanted, link_urls=link_urls)
        try:
            here = urljoin(here, answer.headers["location"])
            urlsplit(here).port  # noqa: B018  # a bad one raises here
        except ValueError:
            return [told("landing_denied", url=_short(answer.headers["location"]))]
        if here in seen:
            return [told("landing_loop", url=_short(here))]
        seen.add(here)
    return [told("landing_too_far", most=MOST_HOPS - 1)]


def contains(page: str, link_url: str) -> bool:
    """Whether the address stands in a page, in whatever way HTML or a script writes it."""
    parts = urlsplit(link_url)
    text = html.unescape(page).replace("\\/", "/")
    address = re.escape(f"{parts.netloc}{parts.path}")
    return re.search(rf"{address}(?![a-z0-9-])", text, re.IGNORECASE) is not None


def _wanted(url: str) -> dict[str, str]:
    """What has to arrive: what the address has already, and a probe for the rest."""
    own = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return {name: own.get(name) or _PROBE for name in PARAMETERS}


def _with(url: str, wanted: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    own = parse_qsl(parts.query, keep_blank_values=True)
    rest = [(name, value) for name, value in own if name not in wanted]
    return urlunsplit(
        parts._replace(query=urlencode([*rest, *wanted.items()]), fragment="")
    )


def _arrived(
    answer: Response, here: str, wanted: Mapping[str, str], *, link_urls: Sequence[str]
) -> list[Found]:
    if answer.status_code >= 400:
        return [told("landing_status", url=_short(here), status=answer.status_code)]
    found = _lost(here, wanted)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"text/html", "application/xhtml+xml", ""}:
        return [*found, told("landing_no_page", url=_short(here), kind=kind[:60])]
    page = answer.content.decode("utf-8", "replace")
    if not any(contains(page, one) for one in link_urls):
        found.append(told("landing_without_link"))
    return found


def _lost(here: str, wanted: Mapping[str, str]) -> list[Found]:
    arrived = dict(parse_qsl(urlsplit(here).query, keep_blank_values=True))
    lost = [name for name, value in wanted.items() if arrived.get(name) != value]
    return [told("landing_loses", names=", ".join(lost))] if lost else []


def _failed(error: ProviderError, here: str, wanted: Mapping[str, str]) -> list[Found]:
    if error.code == "egress_denied":
        return [told("landing_denied", url=_short(here))]
    if error.code == "answer_too_large":
        size = f"{MAX_BYTES // 1024 // 1024} MB"
        return [*_lost(here, wanted), told("landing_too_large", size=size)]
    return [told("landing_unreachable", url=_short(here), code=error.code)]


def _short(url: str) -> str:
    """Without the probe, as its owner knows it."""
    try:
        parts = urlsplit(url)
    except ValueError:  # shown as it is
        plain = url
    else:
        kept = [one for one in parse_qsl(parts.query) if one[1] != _PROBE]
        plain = urlunsplit(parts._replace(query=urlencode(kept)))
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
