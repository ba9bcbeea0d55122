"""What follows from entries of tickets' histories, in the transaction that wrote them."""

from collections.abc import Sequence
from datetime import datetime

from tickets.models import TicketEvent
from tickets.services import announcing, notifications, outgoing


def follow(
    workspace_id: int,
    events: Sequence[TicketEvent],
    *,
    now: datetime,
    is_told: bool = True,
) -> None:
    """One entry of a person's deed, or all those of a change of many tickets; `is_told` is
    false where the next entry is the news and nobody is to be told of both."""
    if is_told:
        notifications.raise_for(workspace_id, events, now=now)
    outgoing.tell_all(workspace_id, [one.pk for one in events])
    for is_public in (False, True):
        moved = [one.ticket_id for one in events if one.is_public == is_public]
        announcing.tickets(workspace_id, moved, is_public=is_public)
