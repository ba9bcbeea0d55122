"""The walk of many events through the rooms, in sets: queries do not grow with the events.

`processing` opens the transaction and has taken the rows; this runs inside it. Every step is
safe to repeat: what a provider sends twice, or an operator replays, changes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from accounts.scoping import inside
from integrations import gateway
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.types import (
    AccountEvent,
    ContactEvent,
    Direction,
    Event,
    Ignored,
    MessageEvent,
    NumberRef,
    Origin,
    PreferenceEvent,
    StatusEvent,
    TemplateEvent,
    Unrecognized,
)
from integrations.selectors.routing import (
    ChannelRow,
    list_live_channels,
    list_workspaces_by_number,
)
from webhooks import journal
from webhooks.inbound import Batch
from webhooks.inbox import ClaimedRow, Finished
from whatsapp import phones
from whatsapp.selectors import templates
from whatsapp.services import people, statuses, template_news
from whatsapp.services.messages import LONGEST_ID, Arrival

Row = tuple[ClaimedRow, list[Event]]


@dataclass(slots=True)
class _Account:
    """What one row led to."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    unrouted: list[str] = field(default_factory=list)
    routed: int = 0
    names_numbers: bool = False
    workspaces: set[int] = field(default_factory=set)

    def finished(self, row_id: int) -> Finished:
        outcome: dict[str, Any] = dict(self.counts)
        if self.unrouted and not self.routed:
            return Finished(row_id, "unrouted", "; ".join(self.unrouted), outcome)
        problems = self.problems + self.unrouted
        if problems:
            return Finished(row_id, "parked", "; ".join(problems), outcome)
        is_needed = self.routed or not self.counts or set(self.counts) - {"ignored"}
        return Finished(row_id, "done" if is_needed else "ignored", "", outcome)

    def settled(self, row_id: int) -> Finished:
        return replace(self.finished(row_id), workspaces=frozenset(self.workspaces))


class _Routes:
    """Which channel an event is about, among those its row may speak for."""

    def __init__(self, rows: Sequence[Row], workspace_id: int | None) -> None:
        self._channels: dict[str, list[ChannelRow]] = {}
        for provider in {row.provider for row, _ in rows}:
            workspaces = (
                _named_workspaces(provider, rows)
                if workspace_id is None
                else [workspace_id]
            )
            found = [channel for one in workspaces for channel in _live(provider, one)]
            # Who was never connected may have typed the number of somebody else.
            self._channels[provider] = sorted(found, key=lambda one: not one.is_claimed)
        self._found: dict[tuple[str, int | None, NumberRef], ChannelRow | None] = {}
        self.news: dict[int, gateway.News] = {}

    def find(self, row: ClaimedRow, number: NumberRef) -> ChannelRow | None:
        key = (row.provider, row.integration_id, number)
        if key not in self._found:
            self._found[key] = self._search(row, number)
        return self._found[key]

    def note(
        self, channel: ChannelRow, event: Event, row: ClaimedRow, *, now: datetime
    ) -> None:
        """Keep what an event tells about the number itself."""
        received_at = row.received_at
        if isinstance(event, AccountEvent):
            self._told(channel).words.append((channel.id, event, received_at))
        elif not channel.is_well and _is_sign(channel, event, now=now):
            news = self._told(channel)
            news.signs.add(channel.id)
            sign = _sign(channel, event, received_at)
            news.signed[channel.id] = sign.later(news.signed.get(channel.id))
        if not channel.is_on_phone and _shows_phone(event, row.provider):
            self._told(channel).on_phone.add(channel.id)
        if _is_news(channel.last_webhook_at, received_at):
            _keep_last(self._told(channel).posted, channel.id, received_at)
        written_at = _written_at(event, received_at)
        if written_at is not None and _is_news(channel.last_inbound_at, written_at):
            _keep_last(self._told(channel).written, channel.id, written_at)

    def _told(self, channel: ChannelRow) -> gateway.News:
        return self.news.setdefault(channel.workspace_id, gateway.News())

    def _search(self, row: ClaimedRow, number: NumberRef) -> ChannelRow | None:
        mine = [
            channel
            for channel in self._channels[row.provider]
            if row.integration_id in {None, channel.integration_id}
        ]
        for channel in mine:
            if number.external_id and channel.external_id == number.external_id:
                return channel
        for channel in mine:
            if channel.external_id is None and _same_phone(channel.phone, number.phone):
                if number.external_id:
                    gateway.learn_external_id(
                        channel.id,
                        number.external_id,
                        workspace_id=channel.workspace_id,
                    )
                return channel
        if number == NumberRef() and len(mine) == 1 and row.integration_id is not None:
            return mine[0]  # some bodies name no number; then the URL alone decides
        return None


def _is_sign(channel: ChannelRow, event: Event, *, now: datetime) -> bool:
    """Whether an event shows that a number works: once, any; later, what comes in now."""
    if channel.is_new:
        return True
    return (
        isinstance(event, MessageEvent)
        and _is_live_inbound(event)
        and event.provider_at is not None
        and abs(now - event.provider_at) <= gateway.SIGN_IS_FRESH
    )


def _sign(channel: ChannelRow, event: Event, received_at: datetime) -> gateway.Sign:
    """Of a number that was never heard of, what it is about may be of any time."""
    written_at = None if channel.is_new else _written_at(event, received_at)
    return gateway.Sign(received_at, written_at or received_at)


def _shows_phone(event: Event, provider: str) -> bool:
    """Whether our side wrote in the Business app, of a number that is at the official API."""
    return (
        isinstance(event, MessageEvent)
        and event.origin == Origin.ECHO
        and Capability.SERVICE_WINDOW in gateway.capabilities_of(provider)
    )


def _is_live_inbound(event: MessageEvent) -> bool:
    return event.direction == Direction.INBOUND and event.origin == Origin.LIVE


def _written_at(event: Event, received_at: datetime) -> datetime | None:
    """When a person wrote this; a clock ahead of ours is not believed."""
    if not isinstance(event, MessageEvent) or not _is_live_inbound(event):
        return None
    return min(event.provider_at or received_at, received_at)


def _is_news(known: datetime | None, at: datetime) -> bool:
    return known is None or at - known >= gateway.STAMP_EVERY


def _keep_last(moments: dict[int, datetime], channel_id: int, at: datetime) -> None:
    moments[channel_id] = max(at, moments.get(channel_id, at))


def _named_workspaces(provider: str, rows: Sequence[Row]) -> list[int]:
    told = {
        event.number
        for row, events in rows
        for event in events
        if row.provider == provider and not isinstance(event, Ignored)
    }
    return list_workspaces_by_number(provider, [one for one in told if one])


def _live(provider: str, workspace_id: int) -> list[ChannelRow]:
    with inside(workspace_id):
        return list_live_channels(provider, workspace_id=workspace_id)


def _same_phone(ours: str, told: str | None) -> bool:
    """Providers write Brazilian, Mexican and Argentinian numbers of ours in two forms."""
    return told is not None and phones.canonical(ours) == phones.canonical(told)


def apply(
    workspace_id: int | None, rows: Sequence[Row], *, now: datetime
) -> list[Finished]:
    """Apply the events of rows that are ours; None: rows that speak for several workspaces."""
    routes = _Routes(rows, workspace_id)
    accounts = {row.id: _Account() for row, _ in rows}
    batches: dict[int, Batch] = {}
    for row, events in rows:
        accounts[row.id].names_numbers = _names_numbers(events)
        for event in events:
            _place(row, event, routes, accounts[row.id], batches, now=now)
    for workspace, told in sorted(routes.news.items()):
        gateway.note_news(told, workspace_id=workspace)
    for workspace, batch in sorted(batches.items()):
        with inside(workspace):
            for raw_id, what in batch.apply(workspace, now=now):
                accounts[raw_id].counts[what] += 1
                accounts[raw_id].workspaces.add(workspace)
    return [accounts[row.id].settled(row.id) for row, _ in rows]


def _names_numbers(events: Sequence[Event]) -> bool:
    return any(
        event.number not in {None, NumberRef()}
        for event in events
        if not isinstance(event, Ignored)
    )


def _place(
    row: ClaimedRow,
    event: Event,
    routes: _Routes,
    account: _Account,
    batches: dict[int, Batch],
    *,
    now: datetime,
) -> None:
    """Put an event into the batch of its workspace, or say why it has none."""
    if isinstance(event, Unrecognized):
        account.problems.append(event.reason)
        return
    if isinstance(event, TemplateEvent):
        _place_template(row, event, account, batches)
        return
    if isinstance(event, Ignored):
        account.counts["ignored"] += 1
        return
    channel = routes.find(row, event.number)
    if channel is None:
        if isinstance(event, AccountEvent):
            journal.account_event(event, channel_id=None)
            account.counts["account_events"] += 1
            return
        account.unrouted.append(_unrouted(event.number))
        return
    account.routed += 1
    routes.note(channel, event, row, now=now)
    batch = batches.setdefault(channel.workspace_id, Batch(row.provider))
    if isinstance(event, MessageEvent):
        if not 0 < len(event.external_id) <= LONGEST_ID:
            account.problems.append("a message has no usable id")
        elif not event.peer.is_known:
            account.problems.append("a message does not say who wrote it")
        else:
            batch.messages.append(
                Arrival(
                    event=event,
                    channel_id=channel.id,
                    peer_key=people.thread_key(event),
                    received_at=row.received_at,
                    raw_webhook_id=row.id,
                )
            )
    elif isinstance(event, StatusEvent):
        batch.statuses.append(statuses.News(event, channel.id, row.received_at, row.id))
    elif isinstance(event, PreferenceEvent):
        batch.preferences.append((row.id, event))
    elif isinstance(event, ContactEvent) and not event.peer.is_known:
        account.counts["ignored"] += 1
    elif isinstance(event, ContactEvent):
        batch.contacts.append((row.id, row.received_at, event))
    else:
        journal.account_event(event, channel_id=channel.id)
        account.counts["account_events"] += 1


def _place_template(
    row: ClaimedRow,
    event: TemplateEvent,
    account: _Account,
    batches: dict[int, Batch],
) -> None:
    """It names no number. On the shared address its sender was proven by the secret of the
    installation alone, which speaks for every account of the operator's app."""
    if row.workspace_id is not None:
        workspaces = [row.workspace_id]
    elif account.names_numbers:
        workspaces = []
    else:
        workspaces = templates.list_workspaces(event.external_id)
    told = template_news.Told(event, row.integration_id, row.received_at)
    for workspace_id in workspaces:
        batch = batches.setdefault(workspace_id, Batch(row.provider))
        batch.templates.append(told)
        account.workspaces.add(workspace_id)
    account.routed += bool(workspaces)
    account.counts["templates" if workspaces else "ignored"] += 1


def _unrouted(number: NumberRef) -> str:
    name = number.external_id or (f"…{number.phone[-4:]}" if number.phone else "none")
    return f"names number {name}, which is not connected here"
