"""The home page and the ticket list of a workspace with 1,000,000 messages, as many sends and
100,000 tickets of two years; served and timed as `served` times pages."""

import itertools
import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.utils import timezone

from accounts.models import Membership
from tests.bench import served
from tests.bench.house import House
from tests.bench.report import Row
from tests.bench.walks import OLDER, Shop, Walk
from tickets.models import Client
from whatsapp import phones
from whatsapp.selectors import periods

TICKETS, CLIENTS = 100_000, 20_000
HOME_MS, HOME_LONG_MS, TICKETS_MS = 300, 1000, 150
# One in so many titles.
RARE_WORD, RARE_IN = "jabuticaba", 8_000

# People were answered as the messages of `volume` say.
_ANSWERS = """
UPDATE whatsapp_conversation thread
   SET first_inbound_at = heard.at, answered_at = answer.at
  FROM whatsapp_conversation one
 CROSS JOIN LATERAL (
       SELECT provider_at AS at FROM whatsapp_message
        WHERE conversation_id = one.id AND direction = 'inbound'
        ORDER BY provider_at, id LIMIT 1) heard
  LEFT JOIN LATERAL (
       SELECT provider_at AS at FROM whatsapp_message
        WHERE conversation_id = one.id AND direction = 'outbound'
          AND provider_at >= heard.at
        ORDER BY provider_at, id LIMIT 1) answer ON true
 WHERE one.id = thread.id AND thread.workspace_id = %(workspace)s
"""
_CLIENTS = """
INSERT INTO tickets_client (key, workspace_id, name, phone, match_key, email, language,
       lead_id, search_text, created_at, updated_at)
SELECT gen_random_uuid(), %(workspace)s, lead.name, '+' || told.value, told.match_key, '',
       '', lead.id, lead.search_text, now(), now()
  FROM (SELECT * FROM whatsapp_lead WHERE workspace_id = %(workspace)s
         ORDER BY id LIMIT %(clients)s) lead
 CROSS JOIN LATERAL (SELECT value, match_key FROM whatsapp_identity
                      WHERE lead_id = lead.id ORDER BY id LIMIT 1) told
"""
# Three in a hundred are open, two wait, four are resolved; the newest ones among them.
_TICKETS = """
WITH client AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
      FROM tickets_client WHERE workspace_id = %(workspace)s
), talk AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
      FROM (SELECT id FROM whatsapp_conversation WHERE workspace_id = %(workspace)s
             ORDER BY id LIMIT %(clients)s) threads
), planned AS (
    SELECT number, now() - make_interval(secs => ((%(tickets)s - number)
               * (2 * 365 * 86400.0 / %(tickets)s))) AS at,
           %(tickets)s - number AS behind
      FROM generate_series(1, %(tickets)s) AS number
)
INSERT INTO tickets_ticket (key, workspace_id, ticket_number, title, description, status,
       priority, client_id, conversation_id, assignee_id, external_url, search_text,
       version, page_version, created_at, updated_at, status_at, first_response_at,
       resolved_at, closed_at)
SELECT gen_random_uuid(), %(workspace)s, number, said, 'Detalhes de ' || said,
       status, (array['normal', 'normal', 'low', 'high', 'normal', 'urgent'])[1 + number %% 6],
       client.id, talk.id,
       CASE number %% 3 WHEN 0 THEN %(me)s WHEN 1 THEN %(colleague)s END, '', lower(said),
       3, 1, at, LEAST(at + make_interval(hours => (number %% 70)::int), now()), at,
       CASE WHEN number %% 10 < 9 THEN LEAST(at + make_interval(mins => (number %% 400)::int), now()) END,
       CASE WHEN status IN ('resolved', 'closed')
            THEN LEAST(at + make_interval(hours => (number %% 70)::int), now()) END,
       CASE WHEN status = 'closed'
            THEN LEAST(at + make_interval(hours => (number %% 70)::int), now()) END
  FROM (SELECT *, CASE WHEN behind < %(tickets)s * 0.06 AND number %% 2 = 0 THEN 'open'
                       WHEN behind < %(tickets)s * 0.08 AND number %% 4 = 1 THEN 'waiting'
                       WHEN behind < %(tickets)s * 0.12 AND number %% 3 = 0 THEN 'resolved'
                       ELSE 'closed' END AS status,
               concat_ws(' ', (array['Troca', 'Pedido', 'Entrega', 'Cobrança', 'Dúvida'])[1 + number %% 5],
                         (array['de bolo', 'atrasado', 'errado', 'do site', 'da festa', 'cancelado', 'duplicado'])[1 + number %% 7],
                         number,
                         CASE WHEN number %% %(rare_in)s = 3 THEN %(rare)s END) AS said
          FROM planned) made
  LEFT JOIN client ON client.place = 1 + number %% (SELECT count(*) FROM client)
  LEFT JOIN talk ON talk.place = 1 + number %% (SELECT count(*) FROM talk) AND number %% 4 = 0
 ORDER BY number
"""
_COUNTER = """
INSERT INTO tickets_ticketcounter (workspace_id, last_number)
VALUES (%(workspace)s, %(tickets)s)
"""
_filled: list[Shop] = []


def page_dashboard(house: House) -> list[Row]:
    """The periods that the page offers, and those that are typed into its address."""
    shop = at_work(house)
    return [
        *served.rows(house, "page_dashboard", shop, homes(shop), target=HOME_MS),
        *served.rows(
            house, "page_dashboard_long", shop, _typed(shop), target=HOME_LONG_MS
        ),
    ]


def page_tickets(house: House) -> list[Row]:
    shop = at_work(house)
    return served.rows(house, "page_tickets", shop, tickets(shop), target=TICKETS_MS)


def homes(shop: Shop) -> Iterator[Walk]:
    """The periods that the page offers."""
    return _homes(shop, [{}, *({"period": name} for name in periods.HOME_PRESETS)])


def _typed(shop: Shop) -> Iterator[Walk]:
    today = timezone.localdate()
    whole = [
        {"from": str(today - timedelta(days=days)), "to": str(today)}
        for days in (89, 179, 364)
    ]
    past = {
        "from": str(today - timedelta(days=400)),
        "to": str(today - timedelta(days=370)),
    }
    return _homes(shop, [*whole, past])


def _homes(shop: Shop, asked: Iterable[dict[str, str]]) -> Iterator[Walk]:
    for query in itertools.cycle(asked):
        yield Walk(urlencode(query) or "usual", shop.path("", **query))


def tickets(shop: Shop) -> Iterator[Walk]:
    """Tabs, filters, searches and pages down; the counts of the tabs stand on each."""
    everything = {"status": "all"}
    client = Client.objects.for_workspace(shop.workspace).order_by("pk")[50]
    month = {
        "since": str(timezone.localdate() - timedelta(days=60)),
        "until": str(timezone.localdate() - timedelta(days=30)),
    }
    asked: list[dict[str, str]] = [
        *({}, everything),
        *({"status": one} for one in ("open", "waiting", "resolved", "closed")),
        *({"assignee": one} for one in ("me", "none")),
        {"assignee": "me", **everything},
        {"priority": "urgent"},
        {"priority": "urgent", "assignee": "none", **everything},
        *({"source": one, **everything} for one in ("conversation", "system", "hand")),
        {"source": str(shop.channel.key)},
        {"client": str(client.key), **everything},
        {**month, **everything},
        *({"days": one, **month, **everything} for one in ("answered", "resolved")),
        *({"q": text} for text in ("troca", RARE_WORD, "nada disso", "bolo 77")),
        {"q": "pedido", "priority": "high", **everything},
        {"q": "#777", **everything},
        {"q": phones.display(client.phone.removeprefix("+")), **everything},
        {"q": client.name, **everything},
    ]
    walks = [
        Walk(urlencode(query) or "to do", shop.path("tickets/", **query), OLDER)
        for query in asked
    ]
    random.Random(7).shuffle(walks)
    return itertools.cycle(walks)


def at_work(house: House) -> Shop:
    """Made once a run."""
    if not _filled:
        shop = served.busy_shop(house)
        scale = 50 if house.is_quick else 1
        with house.connect() as plain:
            _fill(plain, shop, tickets=TICKETS // scale, clients=CLIENTS // scale)
        _filled.append(shop)
    return _filled[0]


def _fill(
    connection: "psycopg.Connection[tuple[object, ...]]",
    shop: Shop,
    *,
    tickets: int,
    clients: int,
) -> None:
    members = Membership.objects.for_workspace(shop.workspace).order_by("pk")
    me, colleague = members.values_list("user_id", flat=True)[:2]
    values: dict[str, Any] = {
        "workspace": shop.workspace.pk,
        "tickets": tickets,
        "clients": clients,
        "me": me,
        "colleague": colleague,
        "rare": RARE_WORD,
        "rare_in": max(tickets * RARE_IN // TICKETS, 10),
    }
    with connection.transaction():
        # Counted before it is joined, or each ticket looks through all clients.
        for statement in (_ANSWERS, _CLIENTS, "ANALYZE", _TICKETS, _COUNTER):
            connection.execute(statement, values)
    connection.execute("VACUUM (ANALYZE)")
