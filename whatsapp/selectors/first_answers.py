"""How long people waited for the first answer in a conversation: figures, and their rows.

What counts as either end is decided by services/first_answers.py.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from whatsapp.selectors import waits
from whatsapp.selectors.people import PERSON_COLUMNS, PERSON_JOIN, Person
from whatsapp.selectors.waits import Waits

PAGE_SIZE: Final = 50
ANSWERED, UNANSWERED = "yes", "no"
_CONDITIONS: Final = {
    "": "",
    ANSWERED: "AND thread.answered_at IS NOT NULL",
    UNANSWERED: "AND thread.answered_at IS NULL",
}
_COUNTED = f"""
SELECT thread.first_inbound_at >= %(since)s, count(*),
       {waits.columns("thread.answered_at - thread.first_inbound_at")}
  FROM whatsapp_conversation thread
 WHERE thread.workspace_id = %(workspace)s AND thread.first_inbound_at >= %(compared)s
   AND thread.first_inbound_at < %(until)s
 GROUP BY 1
"""  # noqa: S608  # constants
_PAGE = f"""
WITH page AS MATERIALIZED (
    SELECT thread.* FROM whatsapp_conversation thread
     WHERE thread.workspace_id = %(workspace)s AND thread.first_inbound_at >= %(since)s
       AND thread.first_inbound_at < %(until)s {{narrowed}} {{older}}
     ORDER BY thread.first_inbound_at DESC, thread.id DESC LIMIT %(limit)s
)
SELECT thread.key, thread.state, thread.first_inbound_at, thread.answered_at,
       channel.display_name, channel.phone, assignee.name, assignee.email,
       {PERSON_COLUMNS}
  FROM page thread
  JOIN whatsapp_lead lead ON lead.id = thread.lead_id
  JOIN integrations_channel channel ON channel.id = thread.channel_id
  LEFT JOIN accounts_user assignee ON assignee.id = thread.assignee_id
  {PERSON_JOIN}
 ORDER BY thread.first_inbound_at DESC, thread.id DESC
"""  # noqa: S608  # constants
_OLDER = """
AND thread.first_inbound_at <= %(at)s AND (thread.first_inbound_at, thread.id) < (%(at)s, (
    SELECT id FROM whatsapp_conversation
     WHERE workspace_id = %(workspace)s AND key = %(key)s))
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """Conversations in which people first wrote in a period, and those answered since."""

    begun: int = 0
    waits: Waits = waits.NONE

    @property
    def unanswered(self) -> int:
        return self.begun - self.waits.number


@dataclass(frozen=True, slots=True)
class BegunRow:
    key: uuid.UUID
    state: str
    begun_at: datetime
    answered_at: datetime | None
    channel_name: str
    assignee: str
    person: Person

    @property
    def waited(self) -> timedelta | None:
        return self.answered_at - self.begun_at if self.answered_at else None


def count(
    workspace: Workspace, *, since: datetime, until: datetime, compared: datetime
) -> tuple[Begun, Begun]:
    """Of the period, and of the one before it, which begins at `compared`."""
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": since,
        "until": until,
        "compared": compared,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        told = {
            is_now: Begun(begun, Waits.of(tuple(columns)))
            for is_now, begun, *columns in cursor.fetchall()
        }
    return told.get(True, Begun()), told.get(False, Begun())


def list_begun(
    workspace: Workspace,
    *,
    since: datetime,
    until: datetime,
    answered: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[BegunRow]:
    """Whoever wrote last comes first; `answered` is ANSWERED, UNANSWERED or empty for all."""
    position = paging.read(before)
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "since": since,
        "until": until,
        "limit": size + 1,
    }
    if position is not None:
        values |= {"at": position.at, "key": position.key}
    query = _PAGE.format(
        narrowed=_CONDITIONS[answered], older=_OLDER if position else ""
    )
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows = [_row(*one) for one in cursor.fetchall()]
    shown = tuple(rows[:size])
    last = shown[-1] if len(rows) > size else None
    return Page(shown, paging.write(last.begun_at, last.key) if last else None)


def _row(
    key: uuid.UUID,
    state: str,
    begun_at: datetime,
    answered_at: datetime | None,
    channel_name: str,
    channel_phone: str,
    name: str | None,
    email: str | None,
    *person: Any,
) -> BegunRow:
    return BegunRow(
        key,
        state,
        begun_at,
        answered_at,
        channel_name or channel_phone,
        name or email or "",
        Person.of(*person),
    )
