"""Clients as pages list them, and what helps to say which lead one is."""

import uuid
from typing import Final

from django.db.models import Count, Q
from django.db.models.expressions import RawSQL

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from accounts.scoping import ScopedQuerySet, inside
from tickets.models import Client, Ticket, TicketStatus
from whatsapp.folding import fold
from whatsapp.models import Lead
from whatsapp.selectors import own_numbers, search

PAGE_SIZE: Final = 50
MOST_FOUND: Final = 2000  # that a search looks at, the newest of them
_MOST_CHOICES: Final = 10
# How a client's phone without a country's code was read while there was no number of ours.
_HOME: Final = 55
_FOUND: Final = (
    "SELECT client_id FROM tickets_search_clients(%s, %s::text[], %s::integer)"
)


def list_clients(
    workspace: Workspace, *, text: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page[Client]:
    """The newest first; each with `live_tickets`, how many of theirs are open or waiting."""
    rows = find_matching(workspace, text)
    position = paging.read(before)
    if position is not None and position.key is not None:
        last_seen = Client.objects.for_workspace(workspace).filter(key=position.key)
        number = last_seen.values_list("pk", flat=True).first()
        rows = rows.filter(pk__lt=number or 0)
    with inside(workspace.pk):  # the search reads the workspace from the transaction
        found = tuple(rows.order_by("-pk")[: size + 1])
        _count_live(workspace, found)
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    return Page(found[:size], paging.write(last.created_at, last.key))


def choices(workspace: Workspace, text: str) -> list[Client]:
    """Whom a person may have meant, to choose from."""
    if not text.strip():
        return []
    with inside(workspace.pk):
        return list(find_matching(workspace, text).order_by("-pk")[:_MOST_CHOICES])


def find_client(workspace: Workspace, *, key: uuid.UUID) -> Client | None:
    found: Client | None = (
        Client.objects.for_workspace(workspace)
        .select_related("workspace", "lead__merged_into")
        .defer("search", "search_text")
        .filter(key=key)
        .first()
    )
    return found


def lead_of(client: Client | None) -> Lead | None:
    """Who the client is on WhatsApp: what the linked lead has become."""
    if client is None or client.lead is None:
        return None
    return client.lead.merged_into or client.lead


def suggestions(client: Client) -> list[Lead]:
    """Leads that may be this client: the same number, e-mail or name."""
    # Behind the walls a name is found by the index of what it folds to.
    words = fold(client.name)
    named = Q(search_text=words) if words else Q(pk=None)
    told = Q(email_key=client.email.lower()) if client.email else Q(pk=None)
    numbered = (
        Q(identities__match_key=client.match_key) if client.match_key else Q(pk=None)
    )
    leads = Lead.objects.for_workspace(client.workspace_id).filter(merged_into=None)
    found: dict[int, Lead] = {}
    for clue in (numbered, told, named):
        for lead in leads.filter(clue).order_by("-created_at")[:_MOST_CHOICES]:
            found.setdefault(lead.pk, lead)
    return list(found.values())[:_MOST_CHOICES]


def phone_beginnings(workspace: Workspace, text: str) -> list[str]:
    """Match keys that a number typed in any notation may begin with."""
    if not search.phone_beginnings(text, calling_codes=()):
        return []
    codes = own_numbers.calling_codes(workspace)
    return search.phone_beginnings(text, calling_codes={*codes, _HOME})


def find_matching(workspace: Workspace, text: str) -> ScopedQuerySet[Client]:
    """Who has every word, or whose phone begins so; everybody where nothing was typed.

    Read inside the workspace's transaction, from which the search takes the workspace.
    """
    rows: ScopedQuerySet[Client] = Client.objects.for_workspace(workspace)
    rows = rows.select_related("lead").defer("search", "search_text")
    words = search.query_words(text)
    if not words:
        return rows.none() if text.strip() else rows
    phones = phone_beginnings(workspace, text)
    asked = [search.tsquery(words), phones, MOST_FOUND]
    return rows.filter(pk__in=RawSQL(_FOUND, asked))  # noqa: S611  # values are parameters


def _count_live(workspace: Workspace, clients: tuple[Client, ...]) -> None:
    told = dict(
        Ticket.objects.for_workspace(workspace)
        .filter(
            client__in=[client.pk for client in clients],
            status__in=(TicketStatus.OPEN, TicketStatus.WAITING),
        )
        .order_by()
        .values_list("client_id")
        .annotate(count=Count("pk"))
    )
    for client in clients:
        client.live_tickets = told.get(client.pk, 0)  # type: ignore[attr-defined]  # for the page
