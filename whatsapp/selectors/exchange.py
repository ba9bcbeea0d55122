"""What other systems read: conversations and what was said in them, page by page.

A page begins where the one before it ended, whatever came meanwhile, and costs the same
number of statements however much is on it.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.db.models import Q

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page, Position
from accounts.scoping import ScopedQuerySet
from integrations import gateway
from integrations.models import Channel
from integrations.providers.base.capabilities import Capability
from whatsapp import phones
from whatsapp.models import (
    Conversation,
    ConversationState,
    Identity,
    Lead,
    MediaAsset,
    Message,
)
from whatsapp.selectors import own_numbers
from whatsapp.selectors.leads import person_of
from whatsapp.selectors.people import Person


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Empty means: all. `active_since` asks for those with a message since, and turns the
    order round: the one that was active longest ago comes first."""

    state: str = ""
    channel: Channel | None = None
    lead: Lead | None = None
    phone: str = ""  # in E.164
    active_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConversationView:
    """`has_window`: some providers let one write at any time."""

    conversation: Conversation
    person: Person
    has_window: bool


@dataclass(frozen=True, slots=True)
class MessageView:
    message: Message
    files: tuple[MediaAsset, ...]


def find_channel(workspace: Workspace, told: str) -> Channel | None:
    """By its key, or by its phone in any notation; one of ours that is gone as well."""
    rows = Channel.objects.for_workspace(workspace).order_by("-is_active", "pk")
    return own_numbers.pick(list(rows), told)


def list_conversations(
    workspace: Workspace, *, filters: ConversationFilter, before: str = "", size: int
) -> Page[ConversationView]:
    states = [filters.state] if filters.state else ConversationState.values
    position = paging.read(before)
    # The index of the list is by state: each is read by itself, and both are merged.
    parts = [
        list(_of_state(workspace, filters, state, position)[: size + 1])
        for state in states
    ]
    is_ascending = filters.active_since is not None
    rows = merge(*parts, key=_place, reverse=not is_ascending)
    found = list(islice(rows, size + 1))
    shown = views_of(workspace, found[:size])
    if len(found) <= size:
        return Page(shown, None)
    last = found[size - 1]
    return Page(shown, paging.write(last.last_message_at, last.pk))


def find_conversation(
    workspace: Workspace, *, key: uuid.UUID
) -> ConversationView | None:
    rows = _rows(workspace).filter(key=key)
    return next(iter(views_of(workspace, list(rows))), None)


def find_talk(lead: Lead, *, channel: Channel | None) -> Conversation | None:
    """Where to write to somebody: on the number they wrote to last, in what is open there."""
    rows = Conversation.objects.for_workspace(lead.workspace_id).filter(
        lead=lead, channel__is_active=True
    )
    if channel is not None:
        rows = rows.filter(channel=channel)
    talks: list[Conversation] = list(rows.order_by("-last_message_at", "-pk")[:50])
    if not talks:
        return None
    never = datetime.min.replace(tzinfo=UTC)
    number = max(talks, key=lambda one: one.last_inbound_at or never)
    there = [one for one in talks if one.channel_id == number.channel_id]
    is_open = [one for one in there if one.state == ConversationState.OPEN]
    return next(iter(is_open or there))


def views_of(
    workspace: Workspace, rows: Sequence[Conversation]
) -> tuple[ConversationView, ...]:
    """With the people of them, in one statement more."""
    people = people_of(workspace, {row.lead_id for row in rows})
    return tuple(
        ConversationView(
            row,
            people.get(row.lead_id) or Person(row.lead.name, "", ""),
            has_window=has_window(row.channel),
        )
        for row in rows
    )


def people_of(workspace: Workspace, lead_ids: Collection[int]) -> dict[int, Person]:
    """By lead, of those that are known by something."""
    rows = (
        Identity.objects.for_workspace(workspace)
        .filter(lead__in=lead_ids)
        .select_related("lead")
        .order_by("pk")
    )
    known: dict[int, tuple[Lead, list[Identity]]] = {}
    for one in rows:
        known.setdefault(one.lead_id, (one.lead, []))[1].append(one)
    return {pk: person_of(lead, tuple(ids)) for pk, (lead, ids) in known.items()}


def has_window(channel: Channel) -> bool:
    return Capability.SERVICE_WINDOW in gateway.capabilities_of(channel.provider)


def list_messages(
    conversation: Conversation, *, before: str = "", size: int
) -> Page[MessageView]:
    """The newest first, by the provider's clock; edits and reactions stand for themselves."""
    rows: ScopedQuerySet[Message] = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(conversation=conversation)
        .select_related("author", "outbox_entry")
        .defer("search", "search_text", "content", "outbox_entry__payload")
        .order_by("-provider_at", "-pk")
    )
    position = paging.read(before)
    if position is not None:
        rows = rows.filter(_earlier("provider_at", position))
    found = list(rows[: size + 1])
    shown = _with_files(conversation.workspace_id, found[:size])
    if len(found) <= size:
        return Page(shown, None)
    last = found[size - 1]
    return Page(shown, paging.write(last.provider_at, last.pk))


def find_messages(
    workspace: Workspace, *, ids: Collection[int]
) -> list[tuple[MessageView, ConversationView]]:
    """Messages with the conversations they were said in, in the order they came in."""
    rows: ScopedQuerySet[Message] = (
        Message.objects.for_workspace(workspace)
        .filter(pk__in=ids, conversation__isnull=False)
        .select_related("author", "outbox_entry")
        .defer("search", "search_text", "content", "outbox_entry__payload")
        .order_by("pk")
    )
    found = _with_files(workspace.pk, rows)
    places = [one.message.conversation_id or 0 for one in found]
    talks = views_of(workspace, list(_rows(workspace).filter(pk__in=set(places))))
    by_id = {one.conversation.pk: one for one in talks}
    return [(one, by_id[place]) for one, place in zip(found, places, strict=True)]


def _with_files(
    workspace_id: int, messages: Iterable[Message]
) -> tuple[MessageView, ...]:
    messages = list(messages)
    files: dict[int, list[MediaAsset]] = {}
    rows = MediaAsset.objects.for_workspace(workspace_id)
    for one in rows.filter(message__in=messages).order_by("pk"):
        files.setdefault(one.message_id, []).append(one)
    return tuple(MessageView(one, tuple(files.get(one.pk, ()))) for one in messages)


def _rows(workspace: Workspace) -> ScopedQuerySet[Conversation]:
    rows: ScopedQuerySet[Conversation] = Conversation.objects.for_workspace(
        workspace
    ).select_related("channel", "lead", "assignee")
    return rows.defer("lead__search", "lead__search_text")


def _of_state(
    workspace: Workspace,
    filters: ConversationFilter,
    state: str,
    position: Position | None,
) -> ScopedQuerySet[Conversation]:
    rows = _rows(workspace).filter(state=state)
    if filters.channel:
        rows = rows.filter(channel=filters.channel)
    if filters.lead:
        rows = rows.filter(lead=filters.lead)
    if filters.phone:
        rows = rows.filter(lead__in=_leads_with(workspace, filters.phone))
    if filters.active_since is None:
        if position is not None:
            rows = rows.filter(_earlier("last_message_at", position))
        return rows.order_by("-last_message_at", "-pk")
    rows = rows.filter(last_message_at__gte=filters.active_since)
    if position is not None:
        rows = rows.filter(_later("last_message_at", position))
    return rows.order_by("last_message_at", "pk")


def _leads_with(workspace: Workspace, phone: str) -> ScopedQuerySet[Any]:
    """The leads who have this number, as a subquery."""
    rows: Any = Identity.objects.for_workspace(workspace)
    key = phones.match_key_for_phone(phone)
    found: ScopedQuerySet[Any] = rows.filter(match_key=key).values("lead")
    return found


def _place(row: Conversation) -> tuple[datetime, int]:
    return row.last_message_at, row.pk


# The first part alone says where the index begins.
def _earlier(name: str, position: Position) -> Q:
    at, pk = position.at, position.rank
    return Q(**{f"{name}__lte": at}) & (Q(**{f"{name}__lt": at}) | Q(pk__lt=pk))


def _later(name: str, position: Position) -> Q:
    at, pk = position.at, position.rank
    return Q(**{f"{name}__gte": at}) & (Q(**{f"{name}__gt": at}) | Q(pk__gt=pk))
