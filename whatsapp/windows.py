"""The 24 hours in which WhatsApp lets a business answer freely; pure, read by every page.

It opens with each message of the person, by the provider's clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LENGTH = timedelta(hours=24)
URGENT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Window:
    """`state` is open, urgent or closed; `left` is zero when closed."""

    state: str
    left: timedelta
    ends_at: datetime | None


def window_of(last_inbound_at: datetime | None, *, now: datetime) -> Window:
    if last_inbound_at is None:
        return Window("closed", timedelta(), None)
    ends_at = last_inbound_at + LENGTH
    left = ends_at - now
    if left <= timedelta():
        return Window("closed", timedelta(), ends_at)
    return Window("urgent" if left < URGENT else "open", left, ends_at)
