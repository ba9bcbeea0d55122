"""Which pages are asked for, in the same order in every run, and who asks for them."""

import gzip
import html
import http.client
import itertools
import random
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urljoin

from django.conf import settings
from django.utils import timezone

from accounts.models import Workspace
from integrations.models import Channel
from tests.bench import daily, outgoing, volume
from whatsapp import phones
from whatsapp.models import Conversation, Identity, Lead
from whatsapp.selectors.report import GROUPINGS

DEEPEST = 14  # pages down from the first one

OLDER = re.compile(r'rel="next" href="([^"]*before=[^"]*)"')
EARLIER = re.compile(r'rel="next" href="([^"]*earlier=[^"]*)"')


@dataclass(frozen=True, slots=True)
class Shop:
    """A workspace after daily work, and the session of a member of it."""

    workspace: Workspace
    channel: Channel
    session: str

    def path(self, rest: str, **query: str) -> str:
        asked = f"?{urlencode(query)}" if query else ""
        return f"/w/{self.workspace.slug}/{rest}{asked}"


@dataclass(frozen=True, slots=True)
class Walk:
    """A page to begin with, and the link that leads on from it, if that is followed."""

    kind: str
    path: str
    onwards: re.Pattern[str] | None = None


class Visitor:
    """What a server sees of a signed-in person's browser."""

    def __init__(self, address: tuple[str, int], *, session: str = "") -> None:
        self._line = http.client.HTTPConnection(*address, timeout=60)
        self._headers = {
            "Accept-Encoding": "gzip, br",
            "Accept-Language": "pt-BR",
            "X-Forwarded-Proto": "https",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}",
        }

    def get(self, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        self._line.request("GET", path.partition("#")[0], headers=self._headers)
        response = self._line.getresponse()
        body = response.read()
        if response.status != 200:
            raise AssertionError(f"{path} answered {response.status}")
        return response, body


def decoded(response: http.client.HTTPResponse, body: bytes) -> str:
    packed = response.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(body) if packed else body).decode()


def conversation_list(shop: Shop) -> Iterator[Walk]:
    today = timezone.localdate()
    days = {
        "from": str(today - timedelta(days=60)),
        "to": str(today - timedelta(days=30)),
    }
    asked: list[dict[str, str]] = [
        *({}, {"tab": "mine"}, {"tab": "unassigned"}, {"tab": "closed"}),
        *({"unread": "1"}, {"period": "7"}, days, {"tab": "mine", **days}),
        *({"origin": "none"}, {"origin": "link"}, {"origin": "ad"}),
        *({"window": "open"}, {"window": "urgent"}, {"window": "closed"}),
        *({"tab": "closed", "origin": "link"}, {"channel": str(shop.channel.key)}),
        {"tab": "unassigned", "origin": "ad", "window": "closed"},
    ]
    for query in itertools.cycle(asked):
        yield Walk(
            urlencode(query) or "open", shop.path("conversations/", **query), OLDER
        )


def threads(shop: Shop) -> Iterator[Walk]:
    newest = Conversation.objects.for_workspace(shop.workspace).order_by(
        "-state", "-last_message_at", "-id"
    )
    keys = list(newest.values_list("key", flat=True))
    long, others = keys[: daily.LONG_THREADS], keys[daily.LONG_THREADS :]
    luck = _luck()
    for key in itertools.cycle(long):
        yield Walk("long", shop.path(f"conversations/{key}/"), EARLIER)
        for other in luck.sample(others, 14):
            yield Walk("ordinary", shop.path(f"conversations/{other}/"))


def searches(shop: Shop) -> Iterator[Walk]:
    for kind, text, filters in _typed(shop.workspace):
        yield Walk(kind, shop.path("conversations/", q=text, **filters))


def lead_list(shop: Shop) -> Iterator[Walk]:
    named = {
        name: daily.slug(name, shop.workspace.pk)
        for name in (daily.COMMON_LINK, daily.RARE_LINK, daily.SINGLE_LINK)
    }
    asked: list[dict[str, str]] = [
        {},
        *({"link": slug} for slug in named.values()),
        *({"rule": rule} for rule in ("token", "referral", "anonymous", "manual")),
        {"rule": "identity"},  # nobody
        *({"confidence": level} for level in ("certain", "probable", "none")),
        {"stage": daily.STAGE},
        {"since": "2026-01-01", "until": "2026-06-30"},
        {"link": named[daily.RARE_LINK], "rule": "token", "confidence": "certain"},
        {"link": named[daily.RARE_LINK], "rule": "manual"},  # nobody
        {"link": named[daily.COMMON_LINK], "stage": daily.STAGE},
        {"rule": "manual", "stage": daily.STAGE},
        *({"q": text} for text in ("maria silva", "joão", "7001")),
        {"q": "ana", "link": named[daily.RARE_LINK]},
    ]
    for query in itertools.cycle(asked):
        yield Walk(urlencode(query) or "all", shop.path("leads/", **query), OLDER)


def reports(shop: Shop) -> Iterator[Walk]:
    """Every grouping over a week, a month, a quarter, a year and all there is."""
    today = timezone.localdate()
    asked = [
        Walk(
            f"{by}, {days} days",
            shop.path(
                "leads/report/",
                by=by,
                since=str(today - timedelta(days=days - 1)),
                until=str(today),
            ),
        )
        for days in (7, 30, 90, 365, 730)
        for by in GROUPINGS
    ]
    return itertools.cycle(asked)


def sends(shop: Shop) -> Iterator[Walk]:
    """Periods, states, reasons and templates, rare ones too."""
    month = {"period": "month"}
    today = timezone.localdate()
    year = {"since": f"{today - timedelta(days=360)}T00:00", "until": f"{today}T00:00"}
    asked: list[dict[str, str]] = [
        *({}, {"period": "day"}, month, {"period": "quarter"}, year),
        *({"state": state} for state in ("read", "failed", "unconfirmed", "queued")),
        *({"state": state, **month} for state in ("sent", "failed", "dropped")),
        *({"state": state, **year} for state in ("failed", "unconfirmed", "dropped")),
        {"reason": outgoing.USUAL_REASON, **month},
        {"reason": outgoing.RARE_REASON, **year},
        {"template": outgoing.USUAL_TEMPLATE, **month},
        {"template": outgoing.RARE_TEMPLATE, **year},
        {"number": str(shop.channel.key)},
        {"number": str(shop.channel.key), "state": "failed", **month},
        *({"q": text} for text in ("maria silva", volume.RARE, volume.COMMON)),
        {"q": volume.MEDIUM, **month},
        {"q": _phone(shop.workspace)},
    ]
    for query in itertools.cycle(asked):
        yield Walk(urlencode(query) or "all", shop.path("sends/", **query), OLDER)


def _phone(workspace: Workspace) -> str:
    found = Identity.objects.for_workspace(workspace).order_by("pk")[100]
    return phones.display(found.value)


def _typed(workspace: Workspace) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What people look for, without end: kind, words, filters."""
    luck = _luck()
    leads = Lead.objects.for_workspace(workspace).order_by("pk")
    names = luck.sample(list(leads.values_list("name", flat=True)[:5_000]), 200)
    identities = Identity.objects.for_workspace(workspace).order_by("pk")
    numbers = luck.sample(list(identities.values_list("value", flat=True)[:5_000]), 200)
    for place in itertools.count():
        name, number = names[place % len(names)], numbers[place % len(numbers)]
        first, last = name.split()[:2]
        word = volume.word(luck)
        yield "word", word, {}
        yield "two words", f"{word} {volume.word(luck)}", {}
        yield "beginning", word[:2], {}
        yield "rare", volume.RARE, {}
        yield "common", volume.COMMON, {}
        yield "medium", volume.MEDIUM, {}
        yield "name", name, {}
        yield "first name", first.replace("a", "á", 1).upper(), {}
        yield "last name", last.lower(), {}
        yield "phone", phones.display(number), {}
        yield "phone without code", f"({number[2:4]}) {number[4:9]}-{number[9:]}", {}
        yield "part of a phone", number[2:8], {}
        yield "nothing", f"xyz{place}", {}
        yield "common, filtered", volume.COMMON, {"tab": "mine", "origin": "ad"}


def _luck() -> random.Random:
    """The same pages in every run."""
    return random.Random(7)


def follow(visitor: Visitor, walks: Iterable[Walk]) -> Iterator[tuple[str, float]]:
    """The kind of each page and its seconds, down to the deepest one that is asked for."""
    for walk in walks:
        path = walk.path
        for _ in range(DEEPEST):
            started = time.perf_counter()
            response, body = visitor.get(path)
            yield walk.kind, time.perf_counter() - started
            link = (
                walk.onwards.search(decoded(response, body)) if walk.onwards else None
            )
            if link is None:
                break
            path = urljoin(path, html.unescape(link[1]))
