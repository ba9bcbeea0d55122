"""What a reader asks of the conversation list, read from the address and turned into SQL.

Whatever an address says, the answer is a list: what cannot be meant is left out and told.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlencode

from whatsapp import windows
from whatsapp.models import ConversationState, TouchKind

_Value = TypeVar("_Value")

TABS = ("mine", "unassigned", "all", "closed")
WINDOWS = ("open", "urgent", "closed")
ORIGINS = (*(str(kind) for kind in TouchKind.values), "none")
PERIODS = ("today", "7", "30")
_NAMES = ("tab", "channel", "origin", "window", "unread", "period", "from", "to")


@dataclass(frozen=True, slots=True)
class Filters:
    """`asked` are the parameters as understood; `ignored` the names of those that were not."""

    tab: str = "all"
    channel: uuid.UUID | None = None
    origin: str = ""
    window: str = ""
    is_unread: bool = False
    since: datetime | None = None
    until: datetime | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        closed, open_ = ConversationState.CLOSED.value, ConversationState.OPEN.value
        return closed if self.tab == "closed" else open_

    @property
    def count(self) -> int:
        """How many narrow the list, the tab aside."""
        return sum(name != "tab" for name in self.asked)


NO_FILTERS = Filters()


def read(
    told: Mapping[str, str],
    *,
    channels: Collection[uuid.UUID],
    now: datetime,
    zone: tzinfo,
) -> Filters:
    """Days are days of the workspace; `to` is the last day that counts."""
    values: dict[str, Any] = {}
    asked, ignored = {}, []
    for name in _NAMES:
        text = told.get(name, "").strip()
        if not text:
            continue
        try:
            values |= _meaning(name, text, channels=channels, now=now, zone=zone)
        except (ValueError, OverflowError):
            ignored.append(name)
        else:
            asked[name] = text
    since, until = values.get("since"), values.get("until")
    if since and until and since >= until:
        values["until"] = None
        ignored.append("to")
        asked.pop("to", None)
    return Filters(**values, asked=asked, ignored=tuple(ignored))


def written(asked: Mapping[str, str]) -> str:
    """As a query string."""
    return urlencode(asked)


def canonical(asked: Mapping[str, str]) -> str:
    """The query string of this list in whichever order it was asked for."""
    told = {name: text for name, text in asked.items() if text}
    if told.get("tab") == NO_FILTERS.tab:
        del told["tab"]
    return urlencode(sorted(told.items()))


def _meaning(
    name: str,
    text: str,
    *,
    channels: Collection[uuid.UUID],
    now: datetime,
    zone: tzinfo,
) -> dict[str, Any]:
    if name == "channel":
        return {"channel": _one_of(uuid.UUID(text), channels)}
    if name == "unread":
        return {"is_unread": bool(_one_of(text, ("1",)))}
    if name == "period":
        days = {"today": 0}.get(_one_of(text, PERIODS))
        back = timedelta(days=int(text) - 1 if days is None else days)
        return {"since": _midnight(now.astimezone(zone).date() - back, zone)}
    if name == "from":
        return {"since": _midnight(_day(text), zone)}
    if name == "to":
        return {"until": _midnight(_day(text) + timedelta(days=1), zone)}
    allowed = {"tab": TABS, "origin": ORIGINS, "window": WINDOWS}[name]
    return {name: _one_of(text, allowed)}


def _one_of(value: _Value, allowed: Collection[_Value]) -> _Value:
    if value not in allowed:
        raise ValueError
    return value


def _day(text: str) -> date:
    """As a date field writes it; Python reads other notations too, which no field shows."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError
    return day


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def conditions(
    filters: Filters, *, user_id: int, now: datetime
) -> tuple[str, dict[str, Any]]:
    """SQL on the alias `conversation`, beginning with AND, and its values.

    The state is not in it: a search looks among open and closed ones. A window implies a
    bound on `last_message_at`, which is never before the person's last message; so the
    list's own index carries it.
    """
    parts: list[str] = []
    values: dict[str, Any] = {"user": user_id}
    if filters.tab == "mine":
        parts.append("conversation.assignee_id = %(user)s")
    elif filters.tab == "unassigned":
        parts.append("conversation.assignee_id IS NULL")
    if filters.channel:
        parts.append(_CHANNEL)
        values["channel"] = filters.channel
    if filters.origin:
        parts.append(_NO_ORIGIN if filters.origin == "none" else _ORIGIN)
        values["origin"] = filters.origin
    if filters.window:
        parts.append(_WINDOWS[filters.window])
        values["window_from"] = now - windows.LENGTH
        values["urgent_until"] = now - windows.LENGTH + windows.URGENT
    if filters.is_unread:
        parts.append("conversation.unread_count > 0")
    if filters.since:
        parts.append("conversation.last_message_at >= %(since)s")
        values["since"] = filters.since
    if filters.until:
        parts.append("conversation.last_message_at < %(until)s")
        values["until"] = filters.until
    return "".join(f" AND {part}" for part in parts), values


_CHANNEL = """conversation.channel_id = (
    SELECT id FROM integrations_channel
     WHERE key = %(channel)s AND workspace_id = conversation.workspace_id)"""
_ORIGIN = """EXISTS (
    SELECT FROM whatsapp_lead found
      JOIN whatsapp_attribution verdict ON verdict.id = found.attribution_id
      JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
     WHERE found.id = conversation.lead_id AND touch.kind = %(origin)s)"""
# Most have none, so the list's order finds a page soon; as NOT EXISTS it would become a
# join over everything.
_NO_ORIGIN = """(
    SELECT verdict.touch_id FROM whatsapp_lead found
      JOIN whatsapp_attribution verdict ON verdict.id = found.attribution_id
     WHERE found.id = conversation.lead_id) IS NULL"""
_OPEN = (
    "conversation.last_message_at > %(window_from)s"
    " AND conversation.last_inbound_at > %(window_from)s"
)
_WINDOWS = {
    "open": _OPEN,
    "urgent": f"{_OPEN} AND conversation.last_inbound_at < %(urgent_until)s",
    "closed": "(conversation.last_inbound_at IS NULL"
    " OR conversation.last_inbound_at <= %(window_from)s)",
}
