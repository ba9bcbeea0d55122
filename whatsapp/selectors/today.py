"""The figures of a workspace's home page: since midnight in the workspace's time zone."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.models import MessageDirection
from whatsapp.selectors.people import ORIGIN_COLUMNS, ORIGIN_JOIN, Origin

_MOST_ORIGINS = 8

# Messages have no index by time; the conversations that moved today lead to them.
_MESSAGES = """
SELECT message.direction,
       extract(hour FROM message.provider_at AT TIME ZONE %(zone)s)::int, count(*)
  FROM whatsapp_conversation conversation
  JOIN whatsapp_message message ON message.conversation_id = conversation.id
   AND message.provider_at >= %(since)s
 WHERE conversation.workspace_id = %(workspace)s
   AND conversation.state IN ('open', 'closed')
   AND conversation.last_message_at >= %(since)s
 GROUP BY 1, 2
"""
# A turn is a run of messages of one side; an answer ends the turn it follows. What came
# later from a phone's history, and reactions and the like, answer nobody.
_RESPONSE = """
WITH said AS (
    SELECT message.conversation_id, message.direction, message.provider_at, message.id,
           lag(message.direction) OVER thread AS before
      FROM whatsapp_conversation conversation
      JOIN whatsapp_message message ON message.conversation_id = conversation.id
       AND message.provider_at >= %(since)s
     WHERE conversation.workspace_id = %(workspace)s
       AND conversation.state IN ('open', 'closed')
       AND conversation.last_message_at >= %(since)s
       AND message.origin <> 'history'
       AND message.kind NOT IN ('edit', 'revoke', 'reaction')
    WINDOW thread AS (PARTITION BY message.conversation_id
                      ORDER BY message.provider_at, message.id)
), turn AS (
    SELECT direction, provider_at,
           lead(provider_at) OVER (PARTITION BY conversation_id
                                   ORDER BY provider_at, id) AS answered_at
      FROM said WHERE direction IS DISTINCT FROM before
)
SELECT avg(answered_at - provider_at) FROM turn WHERE direction = 'inbound'
"""
_ORIGINS = f"""
SELECT {ORIGIN_COLUMNS}, count(*)
  FROM whatsapp_lead lead {ORIGIN_JOIN}
 WHERE lead.workspace_id = %(workspace)s AND lead.created_at >= %(since)s
   AND lead.merged_into_id IS NULL
   AND touch.kind IS DISTINCT FROM 'test'
 GROUP BY {ORIGIN_COLUMNS}
"""  # noqa: S608  # constants of this room


@dataclass(frozen=True, slots=True)
class OriginCount:
    origin: Origin
    count: int
    share: int  # percent of the new leads


@dataclass(frozen=True, slots=True)
class NewLeads:
    leads: int
    origins: tuple[OriginCount, ...]
    other_origins: int


@dataclass(frozen=True, slots=True)
class Hour:
    """Inbound of one hour; `height` is in percent of the busiest, `top` what is left."""

    hour: int
    count: int
    height: int

    @property
    def top(self) -> int:
        return 100 - self.height

    @property
    def left(self) -> int:
        return self.hour * 10 + 1


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first things a workspace does. `name` is worded in the template."""

    name: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Today:
    """`response` is the mean time from a person's turn to our answer; None before one."""

    received: int
    sent: int
    response: timedelta | None
    hours: tuple[Hour, ...]
    new: NewLeads


_STEPS = """
SELECT EXISTS (SELECT FROM integrations_channel
                WHERE workspace_id = %(workspace)s AND is_active),
       EXISTS (SELECT FROM whatsapp_conversation
                WHERE workspace_id = %(workspace)s AND message_count > 0),
       EXISTS (SELECT FROM whatsapp_trackedlink WHERE workspace_id = %(workspace)s),
       EXISTS (SELECT FROM whatsapp_touch
                WHERE workspace_id = %(workspace)s AND link_id IS NOT NULL),
       (SELECT count(*) > 1 FROM accounts_membership WHERE workspace_id = %(workspace)s)
"""
_STEP_NAMES = ("number", "message", "link", "click", "member")


def first_steps(workspace: Workspace) -> tuple[Step, ...]:
    """Each with whether it is done; nothing once all of them are."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"workspace": workspace.pk})
        done = cursor.fetchone()
    if all(done):
        return ()
    return tuple(
        Step(name, is_done) for name, is_done in zip(_STEP_NAMES, done, strict=True)
    )


def summarize(workspace: Workspace, *, since: datetime) -> Today:
    messages: Counter[str] = Counter()
    hours: Counter[int] = Counter()
    asked: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": since,
        "zone": workspace.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, asked)
        for direction, hour, count in cursor.fetchall():
            messages[direction] += count
            if direction == MessageDirection.INBOUND.value:
                hours[hour] += count
        cursor.execute(_RESPONSE, asked)
        [response] = cursor.fetchone()
    return Today(
        received=messages[MessageDirection.INBOUND.value],
        sent=messages[MessageDirection.OUTBOUND.value],
        response=response,
        hours=_bars(hours),
        new=count_origins(workspace, since=since),
    )


def count_origins(workspace: Workspace, *, since: datetime) -> NewLeads:
    origins: Counter[Origin] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINS, {"workspace": workspace.pk, "since": since})
        for *columns, count in cursor.fetchall():
            found = Origin.of(*columns)
            # Certain and probable leads of one link stand in one line.
            origins[Origin(found.kind, found.name, "")] += count
    total = origins.total()
    top = origins.most_common(_MOST_ORIGINS)
    return NewLeads(
        leads=total,
        origins=tuple(
            OriginCount(origin, count, round(100 * count / total))
            for origin, count in top
        ),
        other_origins=total - sum(count for _, count in top),
    )


def _bars(hours: Counter[int]) -> tuple[Hour, ...]:
    busiest = max(hours.values(), default=0) or 1
    return tuple(
        Hour(hour, hours[hour], -(-100 * hours[hour] // busiest)) for hour in range(24)
    )
