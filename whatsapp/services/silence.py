"""A number that is quiet when it never is: learned from its own weeks, told to the gateway.

Once an hour. The messages of the last hours are counted into a small table (a few thousand
rows for a number, an index range of a day for the count); a number is then held against the
same hours of its own last four weeks, on the clock of the workspace. See docs/adr/0016-three-signals.md.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

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
# Before its last message: whoever is silent for months keeps what tells that this is strange.
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
_FORGET = """
DELETE FROM whatsapp_channelhour old
 USING (SELECT channel_id, max(hour) AS last_hour FROM whatsapp_channelhour
         WHERE workspace_id = %(workspace)s GROUP BY channel_id) heard
 WHERE old.workspace_id = %(workspace)s AND old.channel_id = heard.channel_id
   AND old.hour < heard.last_hour - %(kept)s
"""
# Since when it could have had messages and has none: its last one, its connection, or the end
# of its last outage, whichever is latest.
_MISSED = """
SELECT session.channel_id, heard.first_hour,
       GREATEST(heard.last_hour + interval '1 hour', session.connected_at, outage.closed_at)
  FROM integrations_session session
  LEFT JOIN (SELECT channel_id, min(hour) AS first_hour, max(hour) AS last_hour
               FROM whatsapp_channelhour WHERE workspace_id = %(workspace)s
              GROUP BY channel_id) heard ON heard.channel_id = session.channel_id
  LEFT JOIN (SELECT channel_id, max(closed_at) AS closed_at
               FROM integrations_episode WHERE workspace_id = %(workspace)s
              GROUP BY channel_id) outage ON outage.channel_id = session.channel_id
 WHERE session.workspace_id = %(workspace)s
   AND session.ended_at IS NULL AND session.connected_at IS NOT NULL
"""
_USUAL = """
SELECT span.channel_id, COALESCE(sum(usual.inbound), 0)::integer
  FROM unnest(%(channel)s::bigint[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
       WITH ORDINALITY AS span (channel_id, begins, ends, number)
  LEFT JOIN whatsapp_channelhour usual
    ON usual.workspace_id = %(workspace)s AND usual.channel_id = span.channel_id
   AND usual.hour >= span.begins AND usual.hour < span.ends
 GROUP BY span.channel_id, span.number
"""


class _Span(NamedTuple):
    channel_id: int
    begins: datetime
    ends: datetime


def check(
    workspace_id: int, *, zone: tzinfo, now: datetime
) -> dict[int, datetime | None]:
    """Learn what came in, and tell since when which number is missing its messages.

    `zone` is the workspace's time zone. Returns what was told: a moment for those that are
    silent, None for the others.
    """
    with workspace_transaction(workspace_id):
        _learn(workspace_id, now=now)
        told = _judge(workspace_id, zone=zone, until=_whole(now))
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
    bulk.run(_FORGET, {"workspace": workspace_id, "kept": KEPT})


def _judge(
    workspace_id: int, *, zone: tzinfo, until: datetime
) -> dict[int, datetime | None]:
    rows = bulk.run(_MISSED, {"workspace": workspace_id})
    spans = [
        _Span(channel_id, begins, _weeks_before(min(until, since + WEEK), number, zone))
        for channel_id, first_hour, since in rows
        for number in range(1, WEEKS + 1)
        if (begins := _weeks_before(since, number, zone)) >= (first_hour or until)
        and since < until
    ]
    usual = _messages_in(spans, workspace_id)
    return {
        channel_id: since if is_silent(usual.get(channel_id, [])) else None
        for channel_id, _, since in rows
    }


def _messages_in(spans: Sequence[_Span], workspace_id: int) -> dict[int, list[int]]:
    """How many came in through each channel in each of its spans."""
    if not spans:
        return {}
    facts = {
        "workspace": workspace_id,
        "channel": [span.channel_id for span in spans],
        "begins": [span.begins for span in spans],
        "ends": [span.ends for span in spans],
    }
    found: dict[int, list[int]] = {}
    for channel_id, messages in bulk.run(_USUAL, facts):
        found.setdefault(channel_id, []).append(messages)
    return found


def _weeks_before(moment: datetime, number: int, zone: tzinfo) -> datetime:
    """The same time on the clock of the workspace.

    Where clocks are put back, people write an hour later, as all other clocks count.
    """
    return (moment.astimezone(zone) - number * WEEK).astimezone(UTC)


def _whole(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
