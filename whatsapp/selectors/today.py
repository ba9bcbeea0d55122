"""The figures of a workspace's home page: since midnight in the workspace's time zone."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Workspace
from whatsapp.models import MessageDirection
from whatsapp.selectors.people import ORIGIN_COLUMNS, ORIGIN_JOIN, Origin

_MOST_ORIGINS = 8

# Messages have no index by time; the conversations that moved today lead to them.
_MESSAGES = """
SELECT message.direction, count(*)
  FROM whatsapp_conversation conversation
  JOIN whatsapp_message message ON message.conversation_id = conversation.id
   AND message.provider_at >= %(since)s
 WHERE conversation.workspace_id = %(workspace)s
   AND conversation.state IN ('open', 'closed')
   AND conversation.last_message_at >= %(since)s
 GROUP BY message.direction
"""
_ORIGINS = f"""
SELECT {ORIGIN_COLUMNS}, count(*)
  FROM whatsapp_lead lead {ORIGIN_JOIN}
 WHERE lead.workspace_id = %(workspace)s AND lead.created_at >= %(since)s
   AND lead.merged_into_id IS NULL
 GROUP BY {ORIGIN_COLUMNS}
"""  # noqa: S608  # constants of this room


@dataclass(frozen=True, slots=True)
class OriginCount:
    origin: Origin
    count: int
    share: int  # percent of today's leads


@dataclass(frozen=True, slots=True)
class Today:
    received: int
    sent: int
    leads: int
    origins: tuple[OriginCount, ...]
    other_origins: int


def summarize(workspace: Workspace, *, since: datetime) -> Today:
    values: dict[str, Any] = {"workspace": workspace.pk, "since": since}
    origins: Counter[Origin] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, values)
        messages = dict(cursor.fetchall())
        cursor.execute(_ORIGINS, values)
        for *columns, count in cursor.fetchall():
            found = Origin.of(*columns)
            # Certain and probable leads of one link stand in one line.
            origins[Origin(found.kind, found.name, "")] += count
    total = origins.total()
    top = origins.most_common(_MOST_ORIGINS)
    return Today(
        received=messages.get(MessageDirection.INBOUND.value, 0),
        sent=messages.get(MessageDirection.OUTBOUND.value, 0),
        leads=total,
        origins=tuple(
            OriginCount(origin, count, round(100 * count / total))
            for origin, count in top
        ),
        other_origins=total - sum(count for _, count in top),
    )
