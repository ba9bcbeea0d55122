"""Whole pages as production serves them, to a person who is signed in.

One request after the other over a kept connection, timed from the request to the last byte
of the answer: the server, every middleware, the queries and the templates.
"""

import itertools
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable

from accounts.models import Membership, User, Workspace
from integrations.models import Channel
from tests.bench import daily, outgoing, pages, walks
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.bench.walks import Shop, Visitor, Walk
from tests.browser.house import session_of

LIST_MS, THREAD_MS, SEARCH_MS, LEADS_MS = 80, 60, 150, 80
REPORT_MS = 300
SENDS_MS = 150
LEADS = 200_000
REQUESTS = 240
WARM_UP = 10  # templates are read once in a process

_shops: dict[str, "Shop"] = {}


def page_list(house: House) -> list[Row]:
    shop = large_shop(house)
    asked = walks.conversation_list(shop)
    return rows(house, "page_list", shop, asked, target=LIST_MS)


def page_thread(house: House) -> list[Row]:
    shop = large_shop(house)
    return rows(house, "page_thread", shop, walks.threads(shop), target=THREAD_MS)


def page_search(house: House) -> list[Row]:
    shop = large_shop(house)
    return rows(house, "page_search", shop, walks.searches(shop), target=SEARCH_MS)


def page_leads(house: House) -> list[Row]:
    shop = _leads(house)
    return rows(house, "page_leads", shop, walks.lead_list(shop), target=LEADS_MS)


def page_report(house: House) -> list[Row]:
    shop = _leads(house)
    # Verdicts are written once; the settling wrote them several times.
    house.execute("REINDEX TABLE whatsapp_attribution")
    house.execute("VACUUM (ANALYZE) whatsapp_attribution")
    return rows(house, "page_report", shop, walks.reports(shop), target=REPORT_MS)


def page_sends(house: House) -> list[Row]:
    shop = busy_shop(house)
    return rows(house, "page_sends", shop, walks.sends(shop), target=SENDS_MS)


def rows(
    house: House, name: str, shop: Shop, asked: Iterable[Walk], *, target: float
) -> list[Row]:
    """The 95th percentile of all pages, and the middle of their slowest kind."""
    taken: dict[str, list[float]] = defaultdict(list)
    with house.pages() as address:
        visitor = Visitor(address, session=shop.session)
        for _ in range(WARM_UP):
            for page in ("conversations/", "conversations/?q=bom", "leads/"):
                visitor.get(shop.path(page))
        count = 40 if house.is_quick else REQUESTS
        for kind, seconds in itertools.islice(walks.follow(visitor, asked), count):
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
