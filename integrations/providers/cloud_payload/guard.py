"""Elements of a list are independent: one that cannot be read costs only itself."""

from collections.abc import Callable

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Event, NumberRef, Unrecognized


def each(
    owner: Reader,
    key: str,
    read: Callable[[Reader], list[Event]],
    number: NumberRef | None = None,
) -> list[Event]:
    """The events of every element of `owner[key]`; none when there is no such list."""
    events: list[Event] = []
    try:
        elements = owner.items(key)
    except Unreadable as exc:
        return [Unrecognized(str(exc), number)]
    for element in elements:
        try:
            events += read(element)
        except Unreadable as exc:
            events.append(Unrecognized(str(exc), number))
    return events
