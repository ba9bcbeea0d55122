"""A provider's news about messages of ours; the shown status is a function of all of it.

Every status is kept once. The shown one is the highest rank told; `failed` stands unless
a later `delivered`, `read` or `played` proves otherwise. So order and repetition of the
webhooks cannot matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts import bulk
from integrations.providers.base.types import DeliveryStatus, StatusEvent
from whatsapp.services import announcing
from whatsapp.services.messages import LONGEST_ID
from whatsapp.services.people import peer_key

# As a SQL array too: a status's place in it is its rank.
LADDER = (
    DeliveryStatus.ACCEPTED,
    DeliveryStatus.QUEUED,
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
    DeliveryStatus.PLAYED,
)
PROOF_OF_ARRIVAL = (
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
    DeliveryStatus.PLAYED,
)


@dataclass(frozen=True, slots=True)
class News:
    """A status event and where it came in."""

    event: StatusEvent
    channel_id: int
    received_at: datetime
    raw_webhook_id: int

    @property
    def provider_at(self) -> datetime:
        return self.event.provider_at or self.received_at


def shown(events: Iterable[tuple[str, datetime]]) -> str:
    """The status to show for (status, provider time) pairs: the rule, for one message.

    `refresh` is the same rule in SQL, for many.
    """
    told = list(events)
    climbed = [status for status, _ in told if status in LADDER]
    highest = max(climbed, key=LADDER.index, default="")
    failures = [at for status, at in told if status == DeliveryStatus.FAILED]
    if failures and not any(
        status in PROOF_OF_ARRIVAL and at > max(failures) for status, at in told
    ):
        return DeliveryStatus.FAILED
    return highest


def apply(workspace_id: int, news: Sequence[News]) -> int:
    """Store news about messages we have and let the rest wait. Returns how many were new."""
    if not news:
        return 0
    rows = bulk.run(
        """
        WITH news AS (
            SELECT * FROM unnest(%(channel)s::bigint[], %(external)s::text[],
                %(second)s::text[], %(token)s::text[], %(status)s::text[],
                %(provider_at)s::timestamptz[], %(received_at)s::timestamptz[],
                %(code)s::text[], %(text)s::text[], %(raw)s::bigint[], %(peer)s::text[])
              AS t(channel_id, external_id, second_id, callback_token, status,
                   provider_at, received_at, error_code, error_text, raw_webhook_id,
                   peer_key)
        ), matched AS (
            SELECT news.*, message.id AS message_id
              FROM news LEFT JOIN LATERAL (
                SELECT m.id FROM whatsapp_message m
                 WHERE m.workspace_id = %(workspace)s AND m.channel_id = news.channel_id
                   AND m.external_id IN (news.external_id, news.second_id)
                UNION ALL
                SELECT m.id FROM whatsapp_message m
                 WHERE m.channel_id = news.channel_id
                   AND m.second_id IN (news.external_id, news.second_id)
                UNION ALL
                SELECT m.id FROM whatsapp_message m
                 WHERE m.channel_id = news.channel_id
                   AND m.callback_token = news.callback_token
                 LIMIT 1
              ) message ON true
        ), waiting AS (
            INSERT INTO whatsapp_waitingstatus (workspace_id, channel_id, external_id,
                   second_id, callback_token, status, provider_at, received_at,
                   error_code, error_text, raw_webhook_id, peer_key)
            SELECT %(workspace)s, channel_id, external_id, second_id, callback_token,
                   status, provider_at, received_at, error_code, error_text,
                   raw_webhook_id, peer_key
              FROM matched WHERE message_id IS NULL
            ON CONFLICT DO NOTHING
            RETURNING 1
        ), kept AS (
            INSERT INTO whatsapp_statusevent (workspace_id, message_id, status,
                   provider_at, received_at, error_code, error_text)
            SELECT DISTINCT ON (message_id, status, provider_at)
                   %(workspace)s, message_id, status, provider_at, received_at,
                   error_code, error_text
              FROM matched WHERE message_id IS NOT NULL
            ON CONFLICT DO NOTHING
            RETURNING message_id
        )
        SELECT message_id FROM kept UNION ALL SELECT NULL FROM waiting
        """,
        {
            "workspace": workspace_id,
            "channel": [one.channel_id for one in news],
            "external": [one.event.external_id for one in news],
            "second": [
                (one.event.second_id or "")[:LONGEST_ID] or None for one in news
            ],
            "token": [one.event.callback_token for one in news],
            "status": [one.event.status.value for one in news],
            "provider_at": [one.provider_at for one in news],
            "received_at": [one.received_at for one in news],
            "code": [(one.event.error_code or "")[:40] for one in news],
            "text": [(one.event.error_text or "")[:500] for one in news],
            "raw": [one.raw_webhook_id for one in news],
            "peer": [
                peer_key(one.event.recipient) if one.event.recipient else ""
                for one in news
            ],
        },
    )
    told = [message_id for (message_id,) in rows if message_id is not None]
    # The outbox first: whoever writes down an attempt takes rows in this order, too.
    _settle_sends(told, news)
    refresh(told)
    return len(rows)


def join_waiting(message_ids: Sequence[int]) -> None:
    """Apply the statuses that came before these messages did."""
    if not message_ids:
        return
    rows = bulk.run(
        """
        WITH message AS (
            SELECT id, workspace_id, channel_id, external_id, second_id, callback_token
              FROM whatsapp_message WHERE id = ANY(%s)
        ), found AS (
            SELECT waiting.id, message.id AS message_id
              FROM message JOIN whatsapp_waitingstatus waiting USING (channel_id)
             WHERE waiting.external_id IN (message.external_id, message.second_id)
            UNION
            SELECT waiting.id, message.id
              FROM message JOIN whatsapp_waitingstatus waiting USING (channel_id)
             WHERE waiting.second_id IN (message.external_id, message.second_id)
            UNION
            SELECT waiting.id, message.id
              FROM message JOIN whatsapp_waitingstatus waiting
                   USING (channel_id, callback_token)
        ), joined AS (
            DELETE FROM whatsapp_waitingstatus waiting
             USING found JOIN message ON message.id = found.message_id
             WHERE waiting.id = found.id
            RETURNING message.workspace_id, message.id AS message_id, waiting.status,
                      waiting.provider_at, waiting.received_at, waiting.error_code,
                      waiting.error_text
        )
        INSERT INTO whatsapp_statusevent (workspace_id, message_id, status, provider_at,
               received_at, error_code, error_text)
        SELECT DISTINCT ON (message_id, status, provider_at) * FROM joined
        ON CONFLICT DO NOTHING
        RETURNING message_id
        """,
        [list(message_ids)],
    )
    refresh([message_id for (message_id,) in rows])


# The rule of `shown` for the messages `ids`, a row each.
_TOLD = """
SELECT message_id, last_at,
       CASE WHEN is_failed THEN 'failed' ELSE (%(ladder)s::text[])[highest] END AS status,
       CASE WHEN is_failed THEN error_code ELSE '' END AS error_code,
       CASE WHEN is_failed THEN error_text ELSE '' END AS error_text
  FROM (SELECT summed.*, failed_at IS NOT NULL
               AND (arrived_at IS NULL OR arrived_at <= failed_at) AS is_failed
          FROM (
            SELECT message_id,
                   max(array_position(%(ladder)s::text[], status::text)) AS highest,
                   max(provider_at) FILTER (WHERE status = 'failed') AS failed_at,
                   max(provider_at) FILTER (WHERE status = ANY(%(proof)s::text[])) AS arrived_at,
                   max(error_code) FILTER (WHERE status = 'failed') AS error_code,
                   max(error_text) FILTER (WHERE status = 'failed') AS error_text,
                   max(provider_at) AS last_at
              FROM whatsapp_statusevent WHERE message_id = ANY(%(ids)s)
             GROUP BY message_id
          ) summed) told
"""
# The send's row first, as whoever writes down an attempt takes them.
_REFRESH = (
    f"""
    UPDATE whatsapp_outboxentry entry
       SET delivery = told.status,
           reason = CASE WHEN entry.state = 'accepted' THEN told.error_code
                         ELSE entry.reason END,
           detail = CASE WHEN entry.state = 'accepted' THEN left(told.error_text, 300)
                         ELSE entry.detail END
      FROM ({_TOLD}) told
     WHERE entry.message_id = told.message_id
       AND (entry.delivery, entry.reason) IS DISTINCT FROM (told.status, told.error_code)
    """,  # noqa: S608  # a constant
    f"""
    UPDATE whatsapp_message message
       SET status = told.status, error_code = told.error_code, status_at = told.last_at
      FROM ({_TOLD}) told WHERE message.id = told.message_id
    """,  # noqa: S608  # as above
)


def refresh(message_ids: Sequence[int]) -> None:
    """Set the shown status from every status event of these messages."""
    if not message_ids:
        return
    values = {
        "ladder": [status.value for status in LADDER],
        "proof": [status.value for status in PROOF_OF_ARRIVAL],
        "ids": sorted(set(message_ids)),
    }
    for statement in _REFRESH:
        bulk.run(statement, values)
    announcing.deliveries(message_ids)


def _settle_sends(message_ids: Sequence[int], news: Sequence[News]) -> None:
    """A provider that tells how a message fares has it: whether it was sent is known.

    Whatever the outbox thought meanwhile; what it was about to send again, it does not. Told
    under our own word, the message learns the provider's id, under which later news comes.
    """
    if not message_ids:
        return
    bulk.run(
        """
        WITH held AS (
            SELECT id FROM whatsapp_outboxentry
             WHERE message_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE whatsapp_outboxentry entry
           SET state = 'accepted', reason = '', detail = '',
               resolution = CASE WHEN entry.state = 'submitting' THEN entry.resolution
                                 ELSE 'status' END,
               settled_at = statement_timestamp()
          FROM held
         WHERE entry.id = held.id AND entry.state <> 'accepted'
           AND (entry.state <> 'failed'
                OR EXISTS (SELECT FROM whatsapp_statusevent told
                            WHERE told.message_id = entry.message_id
                              AND told.status <> 'failed'))
        """,
        [sorted(set(message_ids))],
    )
    tokens = {one.event.callback_token: one for one in news if one.event.callback_token}
    if not tokens:
        return
    bulk.run(
        """
        UPDATE whatsapp_message message
           SET external_id = new.external_id
          FROM unnest(%(token)s::text[], %(channel)s::bigint[], %(external)s::text[])
               AS new(token, channel_id, external_id)
         WHERE message.id = ANY(%(ids)s) AND message.channel_id = new.channel_id
           AND message.callback_token = new.token AND message.external_id IS NULL
           AND NOT EXISTS (
                SELECT FROM whatsapp_message other
                 WHERE other.workspace_id = message.workspace_id
                   AND other.channel_id = message.channel_id
                   AND other.external_id = new.external_id)
        """,
        {
            "token": list(tokens),
            "channel": [one.channel_id for one in tokens.values()],
            "external": [one.event.external_id[:LONGEST_ID] for one in tokens.values()],
            "ids": sorted(set(message_ids)),
        },
    )
