"""How long the origin of one message takes after a million clicks, intact and damaged.

The corridor's own steps, inside a transaction like its own and as the run-time role: from
the text to the verdict, without what is then written down.
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.providers.base.types import (
    Direction,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
)
from tests.bench import bodies
from tests.bench.accuracy import RECENT, SEED, random_token
from tests.bench.house import House
from tests.bench.pages import large_workspace
from tests.bench.report import Bound, Row
from tests.bench.texts import DAMAGES, damaged
from tests.walls import as_app
from webhooks.hearing import Hearing
from whatsapp import tokens
from whatsapp.models import Identity
from whatsapp.services import people
from whatsapp.services.messages import Arrival
from whatsapp.services.origins import Verdict
from whatsapp.services.people import People

TOUCHES = 1_000_000
CALLS = 400
MOST_MILLIS = 2.0
MOST_RESCUE_MILLIS = 5.0

# The recent ones last, as they come in; older ones over two years, one in five brought.
_TOUCHES = """
INSERT INTO whatsapp_touch (workspace_id, kind, lead_id, channel_id, token, occurred_at,
       utm_source, utm_medium, utm_campaign, utm_content, utm_term, gclid, fbclid,
       ctwa_clid, ad_id, source_type, source_url, headline, referrer, user_agent)
SELECT %(workspace)s, 'link',
       CASE WHEN older > 0 AND number %% 5 = 0 THEN first + number %% people END,
       %(channel)s, token,
       now() - CASE WHEN older > 0
                    THEN interval '73 hours' + older * interval '2 years' / %(touches)s
                    ELSE interval '70 hours' * random() END,
       'instagram', 'bio', '', '', '', '', '', '', '', '', '', '', '', 'Mozilla/5.0'
  FROM clicked, (SELECT min(id) AS first, count(*) AS people FROM whatsapp_lead
                  WHERE workspace_id = %(workspace)s) AS lead,
       LATERAL (SELECT %(touches)s - %(recent)s - number AS older) AS age
 ORDER BY number
"""


def speed(house: House) -> list[Row]:
    workspace = large_workspace(house)
    touches, recent = (20_000, 500) if house.is_quick else (TOUCHES, RECENT)
    channel = Channel.objects.for_workspace(workspace).earliest("pk")
    luck = random.Random(SEED)
    made = _click(house, channel, luck, touches=touches, recent=recent)
    calls = 20 if house.is_quick else CALLS
    # Every fourth token was brought by somebody before: that is asked about as well.
    fresh, brought = made[-recent:], made[: touches - recent : 5]
    wanted = luck.sample(fresh, calls)
    mixed = [
        luck.choice(brought) if at % 4 == 3 else token
        for at, token in enumerate(wanted)
    ]
    peers = _peers(workspace, calls)
    intact = [f"Oi! vm_token:{token}" for token in mixed]
    hurt = [
        f"Oi! vm_token:{damaged(token, luck.choice(list(DAMAGES)), luck)}"
        for token in wanted
    ]
    note = f"{touches} touches, {recent} of 72 hours"
    return [
        _row("attribution", channel, peers, intact, MOST_MILLIS, note),
        _row("rescue", channel, peers, hurt, MOST_RESCUE_MILLIS, note),
    ]


def _click(
    house: House, channel: Channel, luck: random.Random, *, touches: int, recent: int
) -> list[str]:
    print("  clicking a million times …", file=sys.stderr, flush=True)
    made = list(dict.fromkeys(random_token(luck) for _ in range(touches)))
    values = {
        "workspace": channel.workspace_id,
        "channel": channel.pk,
        "touches": len(made),
        "recent": recent,
    }
    with house.connect() as plain, plain.transaction():
        plain.execute(
            "CREATE TEMP TABLE clicked (number int, token text) ON COMMIT DROP"
        )
        with plain.cursor().copy("COPY clicked FROM STDIN") as copy:
            for number, token in enumerate(made):
                copy.write_row((number, token))
        plain.execute(_TOUCHES.encode(), values)
    house.execute("VACUUM (ANALYZE) whatsapp_touch")
    return made


def _peers(workspace: Workspace, count: int) -> list[Party]:
    """Strangers and people who have written before, in turn."""
    known = list(
        Identity.objects.for_workspace(workspace)
        .order_by("-pk")
        .values_list("value", flat=True)[:count]
    )
    return [
        Party(wa_id=known[at] if at % 2 else bodies.phone(900_000_000 + at))
        for at in range(count)
    ]


def _row(
    name: str,
    channel: Channel,
    peers: Sequence[Party],
    texts: Sequence[str],
    target: float,
    note: str,
) -> Row:
    took: list[float] = []
    found = 0
    connection.ensure_connection()
    with as_app(), workspace_transaction(channel.workspace_id):
        with connection.cursor() as cursor:  # as the corridor does for its statements
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for text in texts[:6]:  # until they are planned
            _judged(channel, peers[0], text)
        for peer, text in zip(peers, texts, strict=True):
            started = time.perf_counter()
            verdict = _judged(channel, peer, text)
            took.append(time.perf_counter() - started)
            found += verdict.touch_id is not None
    if found < 0.98 * len(texts):
        raise AssertionError(f"{name} found {found} of {len(texts)}")
    millis = sorted(1e3 * seconds for seconds in took)
    return Row(
        name,
        millis[int(len(millis) * 0.95)],
        "ms",
        target=target,
        bound=Bound.VALUE_AT_MOST,
        note=f"median {statistics.median(millis):.2f} ms; {note}",
    )


def _judged(channel: Channel, peer: Party, text: str) -> Verdict:
    event = MessageEvent(
        number=NumberRef(),
        external_id="wamid.bench",
        peer=peer,
        direction=Direction.INBOUND,
        origin=Origin.LIVE,
        kind=MessageKind.TEXT,
        text=text,
    )
    arrival = Arrival(event, channel.pk, people.thread_key(event), timezone.now(), 0)
    persons = People()
    persons.add(peer, source="bench", seen_at=arrival.received_at)
    persons.recognise(channel.workspace_id, persons.all)
    hearing = Hearing(
        channel.workspace_id,
        persons=persons,
        live=[arrival],
        found={id(arrival): tokens.find(text)},
    )
    return hearing.verdict(arrival)
