"""What the figures of tracked links cost after a million clicks, as the run-time role.

One workspace of its own: twenty links, of which one has half of all clicks, over two years;
one click in five brought a person, one person in ten became a customer.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.walls import as_app
from whatsapp.models import TrackedLink
from whatsapp.selectors import funnel, links, periods

TOUCHES = 1_000_000
LINKS = 20
CALLS = 15
MOST_MILLIS = 300.0
MOST_MILLIS_YEAR = 2_000.0

# The first link gets every second click. The leads stand in the order in which they came.
_FILL = """
CREATE TEMP TABLE clicked ON COMMIT DROP AS
SELECT number, now() - interval '2 years' * (%(touches)s - number) / %(touches)s AS at,
       %(link)s + CASE WHEN number %% 2 = 0 THEN 0 ELSE number %% %(links)s END AS link,
       number %% 5 = 0 AS has_written
  FROM generate_series(1, %(touches)s) AS number;
INSERT INTO whatsapp_lead (id, key, workspace_id, name, search_text, email, stage,
       is_anonymous, attribution_id, created_at, updated_at)
SELECT 5000000 + number, gen_random_uuid(), %(workspace)s, '', '', '',
       CASE WHEN number %% 50 = 0 THEN 'Ganho' ELSE '' END, false, 5000000 + number, at, at
  FROM clicked WHERE has_written;
INSERT INTO whatsapp_touch (id, workspace_id, kind, lead_id, link_id, channel_id, token,
       occurred_at, utm_source, utm_medium, utm_campaign, utm_content, utm_term, gclid,
       fbclid, ctwa_clid, ad_id, source_type, source_url, headline, referrer, user_agent)
SELECT 5000000 + number, %(workspace)s, 'link',
       CASE WHEN has_written THEN 5000000 + number END, link, %(channel)s,
       upper(lpad(to_hex(number), 10, '0')), at, 'instagram', 'bio', '', '', '', '', '',
       '', '', '', '', '', '', 'Mozilla/5.0'
  FROM clicked ORDER BY number;
INSERT INTO whatsapp_attribution (id, workspace_id, lead_id, touch_id, channel_id,
       message_external_id, rule, confidence, evidence, reason, decided_at)
SELECT 5000000 + number, %(workspace)s, 5000000 + number, 5000000 + number, %(channel)s,
       'wamid.' || number, 'token', 'certain', '[]', '', at
  FROM clicked WHERE has_written;
INSERT INTO whatsapp_conversation (key, workspace_id, channel_id, lead_id, state,
       last_message_at, last_inbound_at, last_direction, preview, message_count,
       unread_count, created_at)
SELECT gen_random_uuid(), %(workspace)s, %(channel)s, 5000000 + number, 'open', at, at,
       'inbound', 'Oi', 1, 0, at
  FROM clicked WHERE has_written;
"""


def figures(house: House) -> list[Row]:
    workspace, busy = _filled(house)
    zone, now = ZoneInfo(workspace.time_zone), timezone.now()
    month, year = (
        periods.read({"period": days}, now=now, zone=zone) for days in ("30", "365")
    )
    won = ("Ganho",)
    sizes = f"{house.figures['link_clicks']:,.0f} clicks, half of them on one link"
    rows = []
    for name, call, target in (
        (
            "links_funnel",
            lambda: funnel.read(busy, period=month, workspace=workspace),
            1,
        ),
        ("links_list", lambda: links.rank(workspace, period=month, won=won), 1),
        ("links_rows", lambda: links.list_brought(busy, won=won), 1),
        (
            "links_funnel_year",
            lambda: funnel.read(busy, period=year, workspace=workspace),
            2,
        ),
        ("links_list_year", lambda: links.rank(workspace, period=year, won=won), 2),
    ):
        most = MOST_MILLIS if target == 1 else MOST_MILLIS_YEAR
        rows.append(_row(name, workspace, call, most, sizes))
    return rows


def _row(
    name: str,
    workspace: Workspace,
    call: Callable[[], object],
    most: float,
    note: str,
) -> Row:
    took = []
    with as_app(), workspace_transaction(workspace.pk):
        call()
        for _ in range(CALLS):
            started = time.perf_counter()
            call()
            took.append(1e3 * (time.perf_counter() - started))
    return Row(
        name,
        max(took),
        "ms",
        target=most,
        bound=Bound.VALUE_AT_MOST,
        note=f"median {statistics.median(took):.1f} ms; {note}",
    )


def _filled(house: House) -> tuple[Workspace, TrackedLink]:
    house.ready()
    touches = 20_000 if house.is_quick else TOUCHES
    house.figures["link_clicks"] = touches
    print("  clicking a million times …", file=sys.stderr, flush=True)
    workspace = Workspace.objects.create(slug="links", name="Links")
    channel = Channel.objects.create(
        workspace=workspace,
        provider="meta_cloud",
        phone="+5511944449999",
        external_id="106540359999999",
    )
    made = [
        TrackedLink.objects.create(
            workspace=workspace, channel=channel, slug=f"bench-{number}"
        )
        for number in range(LINKS)
    ]
    TrackedLink.objects.for_workspace(workspace).update(
        created_at=timezone.now() - timedelta(days=731)
    )
    values = {
        "workspace": workspace.pk,
        "channel": channel.pk,
        "link": made[0].pk,
        "links": LINKS,
        "touches": touches,
    }
    with house.connect() as plain, plain.transaction():
        for statement in _FILL.split(";\n"):
            if statement.strip():
                plain.execute(statement.encode(), values)
    house.execute("VACUUM (ANALYZE)")
    return workspace, made[0]
