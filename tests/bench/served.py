"""Whole pages as production serves them, to a person who is signed in.

One request after the other over a kept connection, timed from the request to the last byte
of the answer: the server, every middleware, the queries and the templates.
"""

import gzip
import html
import http.client
import itertools
import random
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urljoin

from django.conf import settings
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from integrations.models import Channel
from tests.bench import daily, outgoing, pages, volume
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.browser.house import session_of
from whatsapp import phones
from whatsapp.models import Conversation, Identity, Lead
from whatsapp.selectors.report import GROUPINGS

LIST_MS, THREAD_MS, SEARCH_MS, LEADS_MS = 80, 60, 150, 80
REPORT_MS = 300
SENDS_MS = 150
LEADS = 200_000
REQUESTS = 240
WARM_UP = 10  # templates are read once in a process
DEEPEST = 14  # pages down from the first one

OLDER = re.compile(r'rel="next" href="([^"]*before=[^"]*)"')
_EARLIER = re.compile(r'rel="next" href="([^"]*earlier=[^"]*)"')

_shops: dict[str, "Shop"] = {}


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


def page_list(house: House) -> list[Row]:
    shop = large_shop(house)
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
    walks = [
        Walk(urlencode(query) or "open", shop.path("conversations/", **query), OLDER)
        for query in asked
    ]
    return rows(house, "page_list", shop, itertools.cycle(walks), target=LIST_MS)


def page_thread(house: House) -> list[Row]:
    shop = large_shop(house)
    newest = Conversation.objects.for_workspace(shop.workspace).order_by(
        "-state", "-last_message_at", "-id"
    )
    keys = list(newest.values_list("key", flat=True))
    long, others = keys[: daily.LONG_THREADS], keys[daily.LONG_THREADS :]
    luck = _luck()

    def walks() -> Iterator[Walk]:
        for key in itertools.cycle(long):
            yield Walk("long", shop.path(f"conversations/{key}/"), _EARLIER)
            for other in luck.sample(others, 14):
                yield Walk("ordinary", shop.path(f"conversations/{other}/"))

    return rows(house, "page_thread", shop, walks(), target=THREAD_MS)


def page_search(house: House) -> list[Row]:
    shop = large_shop(house)
    typed = _typed(shop.workspace)
    walks = (
        Walk(kind, shop.path("conversations/", q=text, **filters))
        for kind, text, filters in typed
    )
    return rows(house, "page_search", shop, walks, target=SEARCH_MS)


def page_leads(house: House) -> list[Row]:
    shop = _leads(house)
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
    walks = [
        Walk(urlencode(query) or "all", shop.path("leads/", **query), OLDER)
        for query in asked
    ]
    return rows(house, "page_leads", shop, itertools.cycle(walks), target=LEADS_MS)


def page_report(house: House) -> list[Row]:
    """Every grouping over a week, a month, a quarter, a year and all there is."""
    shop = _leads(house)
    # Verdicts are written once; the settling wrote them several times.
    house.execute("REINDEX TABLE whatsapp_attribution")
    house.execute("VACUUM (ANALYZE) whatsapp_attribution")
    today = timezone.localdate()
    walks = [
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
    return rows(house, "page_report", shop, itertools.cycle(walks), target=REPORT_MS)


def page_sends(house: House) -> list[Row]:
    """A send for every message: periods, states, reasons and templates, rare ones too."""
    shop = busy_shop(house)
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
    walks = [
        Walk(urlencode(query) or "all", shop.path("sends/", **query), OLDER)
        for query in asked
    ]
    return rows(house, "page_sends", shop, itertools.cycle(walks), target=SENDS_MS)


def _phone(workspace: Workspace) -> str:
    found = Identity.objects.for_workspace(workspace).order_by("pk")[100]
    return phones.display(found.value)


def rows(
    house: House, name: str, shop: Shop, walks: Iterable[Walk], *, target: float
) -> list[Row]:
    """The 95th percentile of all pages, and the middle of their slowest kind."""
    taken: dict[str, list[float]] = defaultdict(list)
    with house.pages() as address:
        visitor = Visitor(address, session=shop.session)
        for _ in range(WARM_UP):
            for page in ("conversations/", "conversations/?q=bom", "leads/"):
                visitor.get(shop.path(page))
        steps = _steps(visitor, walks)
        for kind, seconds in itertools.islice(
            steps, 40 if house.is_quick else REQUESTS
        ):
            taken[kind].append(seconds * 1e3)
    every = sorted(itertools.chain.from_iterable(taken.values()))
    middles = {kind: statistics.median(times) for kind, times in taken.items()}
    by_time = sorted(middles, key=lambda kind: middles[kind], reverse=True)
    slowest = by_time[0]
    kinds = ", ".join(f"{kind} {middles[kind]:.0f} ms" for kind in by_time[:4])
    note = f"median {statistics.median(every):.1f} ms, longest {every[-1]:.0f} ms"
    return [
        Row(
            name,
            every[int(len(every) * 0.95)],
            "ms",
            target=target,
            bound=Bound.VALUE_AT_MOST,
            note=f"{len(every)} pages, {note}",
        ),
        Row(
            f"{name}_slowest",
            middles[slowest],
            "ms",
            note=f"median of {len(taken[slowest])}; medians: {kinds}",
        ),
    ]


def _steps(visitor: Visitor, walks: Iterable[Walk]) -> Iterator[tuple[str, float]]:
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


def large_shop(house: House) -> Shop:
    return _shop(house, pages.large_workspace(house))


def busy_shop(house: House) -> Shop:
    """The large one, with a send for every message; filled once a run."""
    shop = large_shop(house)
    if "busy" not in _shops:
        _shops["busy"] = shop
        with house.connect() as plain:
            outgoing.fill(plain, shop.workspace.pk)
    return shop


def _leads(house: House) -> Shop:
    """More leads than the large workspace has, and few messages each."""
    if "leads" not in _shops:
        count = LEADS // (50 if house.is_quick else 1)
        workspace = pages.filled_workspace(house, "leads", messages=count, people=count)
        return _shop(house, workspace)
    return _shops["leads"]


def _shop(house: House, workspace: Workspace) -> Shop:
    """Once a run: daily work is done in it, and somebody signs in."""
    if workspace.slug not in _shops:
        print(f"  daily work in {workspace.slug} …", file=sys.stderr, flush=True)
        me, colleague = (
            User.objects.create_user(
                email=f"{who}@{workspace.slug}.example", name=who.title()
            )
            for who in ("marina", "caio")
        )
        for user in (me, colleague):
            Membership.objects.create(workspace=workspace, user=user, role="owner")
        channel = Channel.objects.for_workspace(workspace).get()
        Channel.objects.create(  # rows name their number when there are several
            workspace=workspace,
            provider="meta_cloud",
            phone=f"{channel.phone[:-1]}9",
            external_id=f"{channel.external_id}9",
        )
        with house.connect() as plain:
            daily.settle(
                plain,
                workspace_id=workspace.pk,
                channel_id=channel.pk,
                me=me.pk,
                colleague=colleague.pk,
                long_messages=daily.LONG_MESSAGES // (50 if house.is_quick else 1),
            )
        _shops[workspace.slug] = Shop(workspace, channel, session_of(me))
    return _shops[workspace.slug]
