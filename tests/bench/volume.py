"""A database as large as years of a busy number, made by SQL in a minute or two.

People write in bursts, most words are rare and a few are everywhere (Zipf's law), four
leads in ten have an origin, and messages lie on the disk in the order they came.
"""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

YEARS = 2
# Words of a message stand in this many sentences; each message is two of them.
SENTENCES = 40_000
VOCABULARY = 20_000
# Words 1 and 50 as `_WORDS` writes them, and one that it does not make.
COMMON = "ar"
MEDIUM = "imr"
RARE = "alcaparra"
RARE_MESSAGES = 12

_FIRST = "ana maria joao jose antonio francisca carlos paulo pedro lucas luiza marcos juliana fernanda patricia aline camila bruna gabriel rafael"
_LAST = "silva santos oliveira souza rodrigues ferreira alves pereira lima gomes costa ribeiro martins carvalho almeida lopes soares fernandes vieira barbosa"

Connection = psycopg.Connection[tuple[Any, ...]]

# Word 1 is the commonest: uniform draws on a logarithmic scale are Zipf's law.
_WORDS = """
CREATE TEMP TABLE sentence AS
SELECT number, string_agg(
           translate(floor(power(%(vocabulary)s, random()))::bigint::text,
                     '0123456789', 'mabecidofu') || 'r', ' ') AS words
  FROM generate_series(1, %(sentences)s) AS number,
       generate_series(1, 3 + number %% 7) AS position
 GROUP BY number
"""
_PLAN = """
CREATE TEMP TABLE planned AS
SELECT number,
       1 + (number * %(people)s::bigint / %(messages)s
            + floor(random() * %(people)s / 20)::bigint) %% %(people)s AS person,
       now() - make_interval(days => 365 * %(years)s)
             + number * (make_interval(days => 365 * %(years)s) / %(messages)s) AS at,
       CASE WHEN random() < 0.6 THEN 'inbound' ELSE 'outbound' END AS direction,
       1 + floor(random() * %(sentences)s)::int AS one,
       1 + floor(random() * %(sentences)s)::int AS two
  FROM generate_series(1, %(messages)s) AS number
"""
_LEADS = """
INSERT INTO whatsapp_lead (id, key, workspace_id, name, search_text, email, stage,
       is_anonymous, attribution_id, created_at, updated_at)
SELECT %(lead)s + person, gen_random_uuid(), %(workspace)s, initcap(name), name, '', '',
       person %% 5 > 1, %(attribution)s + person, now(), now()
  FROM (SELECT person, first[1 + person %% array_length(first, 1)] || ' '
                || last[1 + person / 7 %% array_length(last, 1)] || ' '
                || last[1 + person / 191 %% array_length(last, 1)] AS name
          FROM generate_series(1, %(people)s) AS person,
               (SELECT string_to_array(%(first)s, ' ') AS first,
                       string_to_array(%(last)s, ' ') AS last) AS names) AS named
"""
_IDENTITIES = """
INSERT INTO whatsapp_identity (workspace_id, lead_id, kind, value, match_key, source,
       first_seen_at, last_seen_at)
SELECT %(workspace)s, %(lead)s + person, 'wa_id', digits, 'p:' || digits, 'meta_cloud',
       now(), now()
  FROM generate_series(1, %(people)s) AS person,
       concat('55', 1 + person %% 9, 1 + person / 9 %% 9, '9', 70000000 + person) AS digits
"""
_TOUCHES = """
INSERT INTO whatsapp_touch (id, workspace_id, kind, lead_id, channel_id, occurred_at,
       utm_source, utm_medium, utm_campaign, utm_content, utm_term, gclid, fbclid,
       ctwa_clid, ad_id, source_type, source_url, headline, referrer, user_agent)
SELECT %(touch)s + person, %(workspace)s, 'ad', %(lead)s + person, %(channel)s, now(),
       '', '', '', '', '', '', '', 'clid' || person, (person %% 40)::text, 'ad', '',
       'Bolo de pote', '', ''
  FROM generate_series(1, %(people)s) AS person WHERE person %% 5 < 2
"""
_ATTRIBUTIONS = """
INSERT INTO whatsapp_attribution (id, workspace_id, lead_id, touch_id, channel_id, rule,
       confidence, evidence, reason, decided_at)
SELECT %(attribution)s + person, %(workspace)s, %(lead)s + person,
       CASE WHEN person %% 5 < 2 THEN %(touch)s + person END, %(channel)s,
       CASE WHEN person %% 5 < 2 THEN 'referral' ELSE 'anonymous' END,
       CASE WHEN person %% 5 < 2 THEN 'certain' ELSE 'none' END, '[]', '', now()
  FROM generate_series(1, %(people)s) AS person
"""
_CONVERSATIONS = """
INSERT INTO whatsapp_conversation (id, key, workspace_id, channel_id, lead_id, state,
       last_message_at, last_inbound_at, last_direction, preview, message_count,
       unread_count, created_at)
SELECT %(conversation)s + person, gen_random_uuid(), %(workspace)s, %(channel)s,
       %(lead)s + person, CASE WHEN person %% 5 < 3 THEN 'open' ELSE 'closed' END,
       max(at), max(at), 'inbound', 'Bom dia, queria saber do pedido', count(*), 0, min(at)
  FROM planned GROUP BY person ORDER BY max(at)
"""
_MESSAGES = """
INSERT INTO whatsapp_message (workspace_id, conversation_id, channel_id, direction,
       origin, kind, text, search_text, content, peer_key, external_id, provider_at,
       received_at, stored_at, status, error_code)
SELECT %(workspace)s, %(conversation)s + person, %(channel)s, direction, 'live', 'text',
       said, said, '{}', '', 'wamid.' || %(workspace)s || '.' || planned.number, at, at,
       at, '', ''
  FROM planned
  JOIN sentence one ON one.number = planned.one
  JOIN sentence two ON two.number = planned.two,
       concat_ws(' ', one.words, two.words,
                 CASE WHEN planned.number %% (%(messages)s / %(rare)s) = 7
                      THEN %(rare_word)s END) AS said
 ORDER BY planned.number
"""
_TABLES = ("lead", "touch", "attribution", "conversation")


def fill(
    connection: Connection,
    *,
    workspace_id: int,
    channel_id: int,
    messages: int,
    people: int,
    is_one_of_many: bool = False,
) -> None:
    """Every person gets one conversation; the tables are analysed afterwards.

    One of many small ones is put in with the indexes in place, and analysed by the caller.
    """
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "channel": channel_id,
        "messages": messages,
        "people": people,
        "years": YEARS,
        "sentences": min(SENTENCES, messages),
        "vocabulary": VOCABULARY,
        "first": _FIRST,
        "last": _LAST,
        "rare": RARE_MESSAGES,
        "rare_word": RARE,
        **{table: _last_id(connection, table) for table in _TABLES},
    }
    with connection.transaction():
        for statement in (_WORDS, _PLAN, _LEADS, _IDENTITIES, _TOUCHES, _ATTRIBUTIONS):
            connection.execute(statement, values)
        connection.execute("ANALYZE sentence, planned")
        connection.execute(_CONVERSATIONS, values)
        connection.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # else no key can be dropped
        if is_one_of_many:
            connection.execute(_MESSAGES, values)
        else:
            with _without_indexes(connection, "whatsapp_message"):
                connection.execute(_MESSAGES, values)
        connection.execute("DROP TABLE sentence, planned")
        for table in _TABLES:
            _move_sequence(connection, table)
    if not is_one_of_many:
        connection.execute("VACUUM (ANALYZE)")


@contextmanager
def _without_indexes(connection: Connection, table: str) -> Iterator[None]:
    """Build them once over all rows, as a restored dump does."""
    constraints = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    ).fetchall()
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %s::regclass AND NOT indisprimary",
        [table],
    ).fetchall()
    for name, _ in constraints:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    yield
    for _, definition in indexes:
        connection.execute(definition.encode())
    for name, definition in constraints:
        statement = f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
        connection.execute(statement.encode())


def word(luck: random.Random) -> str:
    """A word of these messages, rarer ones as likely as they are written."""
    number = str(math.floor(VOCABULARY ** luck.random()))
    return number.translate(str.maketrans("0123456789", "mabecidofu")) + "r"


def _last_id(connection: Connection, table: str) -> int:
    row = connection.execute(
        sql.SQL("SELECT COALESCE(max(id), 0) FROM {}").format(
            sql.Identifier(f"whatsapp_{table}")
        )
    ).fetchone()
    return int(row[0]) if row else 0


def _move_sequence(connection: Connection, table: str) -> None:
    connection.execute(
        "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
        [f"whatsapp_{table}", _last_id(connection, table)],
    )
