"""What follows from entries of tickets' histories, in the transaction that wrote them."""

from collections.abc import Sequence
from datetime import datetime

from tickets.models import TicketEvent
from tickets.services import notifications


def follow(workspace_id: int, events: Sequence[TicketEvent], *, now: datetime) -> None:
    """One entry of a person's deed, or all those of a change of many tickets."""
    notifications.raise_for(workspace_id, events, now=now)
