"""Elements of a list are independent: one that cannot be read costs only itself."""

from collections.abc import Callable
from typing import Final

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Event, NumberRef, Unrecognized

MOST_REASONS: Final = 20  # a list of a million oddities is told in one line more


def read_each(
    owner: Reader,
    key: str,
    read: Callable[[Reader], list[Event]],
    number: NumberRef | None = None,
) -> list[Event]:
    """The events of every element of `owner[key]`; none when there is no such list."""
    if type(owner.value) is not dict:
        raise owner.wrong(None, "an object")
    events: list[Event] = []
    odd = 0
    try:
        elements = owner.items(key)
    except Unreadable as exc:
        return [Unrecognized(str(exc), number)]
    for element in elements:
        if odd >= MOST_REASONS and type(element.value) is not dict:
            odd += 1  # not worth an exception each
            continue
        try:
            events += read(element)
        except Unreadable as exc:
            odd += 1
            if odd <= MOST_REASONS:
                events.append(Unrecognized(str(exc), number))
    if odd > MOST_REASONS:
        more = f"{owner.path(key)}: {odd - MOST_REASONS} more could not be read"
        events.append(Unrecognized(more, number))
    return events
