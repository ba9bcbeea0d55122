"""New leads and what people write, for the systems that asked to hear of it.

The corridor calls this with what a batch has stored: one statement where nobody asked, ten
at most however many wrote. What is known already is stored once, and so told once.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.keys import new_key
from accounts.models import Workspace
from tickets import event_kinds
from tickets.services import outgoing
from whatsapp import api_told
from whatsapp.selectors import exchange, leads

Told = dict[str, Any]


def tell(
    workspace_id: int,
    *,
    lead_ids: Collection[int],
    message_ids: Sequence[int],
    now: datetime,
) -> None:
    """Inside the workspace, in the transaction that stored them."""
    if not lead_ids and not message_ids:
        return
    subscriptions = outgoing.active(workspace_id)
    wanted = {kind for one in subscriptions for kind in one.kinds}
    if wanted.isdisjoint(event_kinds.OF_PEOPLE):
        return
    workspace = Workspace.objects.get(pk=workspace_id)
    told: list[Told] = []
    if event_kinds.LEAD_CREATED in wanted:
        told += _leads(workspace, lead_ids)
    if event_kinds.MESSAGE_RECEIVED in wanted:
        told += _messages(workspace, message_ids, now=now)
    outgoing.write(
        [
            outgoing.row_of(subscription, one, now=now)
            for one in told
            for subscription in subscriptions
            if one["type"] in subscription.kinds
        ]
    )


def _leads(workspace: Workspace, ids: Collection[int]) -> Iterator[Told]:
    """As `GET /api/leads` shows them, and why we say they came from there."""
    rows = leads.find_rows(workspace, ids=ids)
    verdicts = leads.find_verdicts(workspace, ids=ids)
    for id_, row in sorted(rows.items()):
        lead = api_told.lead(row) | {
            "attribution": api_told.attribution(verdicts.get(id_)),
            "url": _url("whatsapp:lead-detail", workspace, row.key),
        }
        yield outgoing.envelope(
            new_key(),
            event_kinds.LEAD_CREATED,
            workspace,
            row.created_at,
            {"lead": lead},
        )


def _messages(
    workspace: Workspace, ids: Collection[int], *, now: datetime
) -> Iterator[Told]:
    """As the API shows a message and its conversation."""
    if not ids:
        return
    for said, talk in exchange.find_messages(workspace, ids=ids):
        url = _url("whatsapp:conversation-detail", workspace, talk.conversation.key)
        yield outgoing.envelope(
            new_key(),
            event_kinds.MESSAGE_RECEIVED,
            workspace,
            said.message.received_at,
            {
                "message": api_told.message(said),
                "conversation": api_told.conversation(talk, now=now) | {"url": url},
            },
        )


def _url(name: str, workspace: Workspace, key: object) -> str:
    where = {"workspace_slug": workspace.slug, "key": key}
    return f"{settings.PUBLIC_URL}{reverse(name, kwargs=where)}"
