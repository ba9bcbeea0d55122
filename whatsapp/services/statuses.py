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
from whatsapp.services.messages import LONGEST_ID

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

    `_refresh` is the same rule in SQL, for many.
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
                %(code)s::text[], %(text)s::text[], %(raw)s::bigint[])
              AS t(channel_id, external_id, second_id, callback_token, status,
                   provider_at, received_at, error_code, error_text, raw_webhook_id)
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
                   error_code, error_text, raw_webhook_id)
            SELECT %(workspace)s, channel_id, external_id, second_id, callback_token,
                   status, provider_at, received_at, error_code, error_text,
                   raw_webhook_id
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
        },
    )
    _refresh([message_id for (message_id,) in rows if message_id is not None])
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
    _refresh([message_id for (message_id,) in rows])


def _refresh(message_ids: Sequence[int]) -> None:
    """Set the shown status from every status event of these messages."""
    if not message_ids:
        return
    bulk.run(
        """
        UPDATE whatsapp_message message
           SET status = CASE WHEN told.failed_at IS NOT NULL
                              AND (told.arrived_at IS NULL OR told.arrived_at <= told.failed_at)
                             THEN 'failed'
                             ELSE (%(ladder)s::text[])[told.highest] END,
               error_code = CASE WHEN told.failed_at IS NOT NULL
                                  AND (told.arrived_at IS NULL OR told.arrived_at <= told.failed_at)
                                 THEN told.error_code ELSE '' END,
               status_at = told.last_at
          FROM (
            SELECT message_id,
                   max(array_position(%(ladder)s::text[], status::text)) AS highest,
                   max(provider_at) FILTER (WHERE status = 'failed') AS failed_at,
                   max(provider_at) FILTER (WHERE status = ANY(%(proof)s::text[])) AS arrived_at,
                   max(error_code) FILTER (WHERE status = 'failed') AS error_code,
                   max(provider_at) AS last_at
              FROM whatsapp_statusevent WHERE message_id = ANY(%(ids)s)
             GROUP BY message_id
          ) told
         WHERE message.id = told.message_id
        """,
        {
            "ladder": [status.value for status in LADDER],
            "proof": [status.value for status in PROOF_OF_ARRIVAL],
            "ids": sorted(set(message_ids)),
        },
    )
