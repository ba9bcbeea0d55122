"""A number that is quiet when it never is: learned from its own weeks, told to the gateway.

Once an hour. The messages of the last hours are counted into a small table (a few thousand
rows for a number, an index range of a day for the count); a number is then held against the
same hours of its own last four weeks. See docs/adr/0016-three-signals.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway

HOUR: Final = timedelta(hours=1)
WEEK: Final = timedelta(weeks=1)
WEEKS: Final = 4
# A number that is younger has no rhythm of its own yet.
LEAST_WEEKS: Final = 3
# In the same hours of all weeks but the quietest one: so many messages, and now none.
LEAST_MESSAGES: Final = 8
KEPT: Final = timedelta(weeks=WEEKS + 2)

_COUNT = """
INSERT INTO whatsapp_channelhour (workspace_id, channel_id, hour, inbound)
SELECT %(workspace)s, channel_id, date_trunc('hour', stored_at, 'UTC'), count(*)
  FROM whatsapp_message
 WHERE workspace_id = %(workspace)s AND stored_at >= %(since)s
   AND direction = 'inbound' AND origin = 'live'
 GROUP BY channel_id, date_trunc('hour', stored_at, 'UTC')
    ON CONFLICT (workspace_id, channel_id, hour)
       DO UPDATE SET inbound = excluded.inbound
       WHERE whatsapp_channelhour.inbound <> excluded.inbound
"""
_WEEKS = """
WITH heard AS (
    SELECT channel_id, min(hour) AS first_hour, max(hour) + interval '1 hour' AS since
      FROM whatsapp_channelhour WHERE workspace_id = %(workspace)s
     GROUP BY channel_id
)
SELECT heard.channel_id, heard.since,
       array_agg(COALESCE((
           SELECT sum(usual.inbound) FROM whatsapp_channelhour usual
            WHERE usual.workspace_id = %(workspace)s
              AND usual.channel_id = heard.channel_id
              AND usual.hour >= heard.since - back.week * interval '7 days'
              AND usual.hour < LEAST(%(until)s, heard.since + interval '7 days')
                               - back.week * interval '7 days'
       ), 0)::integer) FILTER (
           WHERE heard.first_hour <= heard.since - back.week * interval '7 days'
       )
  FROM heard CROSS JOIN generate_series(1, %(weeks)s) AS back (week)
 WHERE heard.since < %(until)s
 GROUP BY heard.channel_id, heard.since
"""


def check(workspace_id: int, *, now: datetime) -> dict[int, datetime | None]:
    """Learn what came in, and tell since when which number is missing its messages.

    Returns what was told: a moment for those that are silent, None for the others.
    """
    until = now.replace(minute=0, second=0, microsecond=0)
    with workspace_transaction(workspace_id):
        _learn(workspace_id, now=now)
        told = _judge(workspace_id, until=until)
        gateway.note_silence(told, workspace_id=workspace_id)
    return told


def is_silent(weeks: Sequence[int]) -> bool:
    """Whether nothing in these hours is strange, given what came in them in other weeks.

    The quietest week does not count: it may have had a holiday, or an outage.
    """
    if len(weeks) < LEAST_WEEKS:
        return False
    return sorted(weeks)[1] >= LEAST_MESSAGES


def _learn(workspace_id: int, *, now: datetime) -> None:
    """Count again from the last hour that was counted, once from the beginning."""
    [[last]] = bulk.run(
        "SELECT max(hour) FROM whatsapp_channelhour WHERE workspace_id = %s",
        [workspace_id],
    )
    # An hour further back: a batch that was under way then has come in since.
    since = now - KEPT if last is None else last - HOUR
    bulk.run(_COUNT, {"workspace": workspace_id, "since": _whole(since)})
    bulk.run(
        "DELETE FROM whatsapp_channelhour WHERE workspace_id = %s AND hour < %s",
        [workspace_id, now - KEPT],
    )


def _judge(workspace_id: int, *, until: datetime) -> dict[int, datetime | None]:
    rows = bulk.run(
        """
        SELECT DISTINCT channel_id FROM integrations_session
         WHERE workspace_id = %s AND ended_at IS NULL AND connected_at IS NOT NULL
        """,
        [workspace_id],
    )
    told: dict[int, datetime | None] = {channel_id: None for (channel_id,) in rows}
    weeks = bulk.run(
        _WEEKS, {"workspace": workspace_id, "until": until, "weeks": WEEKS}
    )
    for channel_id, since, messages in weeks:
        if channel_id in told and is_silent(messages or []):
            told[channel_id] = since
    return told


def _whole(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
