"""An audit entry in the reader's words: who, what, about whom; and the page it is about."""

import uuid
from collections.abc import Callable, Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from accounts.audit_words import ACTORS, FIELDS, WHYS, WORDS
from accounts.models import AuditEvent, Role

_NOT_SAID = "…"


def sentence(event: AuditEvent, people: Mapping[int, str]) -> str:
    """What happened, in the reader's language; an unknown action as it was written."""
    words = WORDS.get(event.action)
    if words is None:
        told = f"{_actor(event)}: {event.action}"
        return f"{told} {event.target}" if event.target else told
    chosen = words.sentence(event) if callable(words.sentence) else words.sentence
    return str(chosen) % _Values(event, people)


def url(event: AuditEvent, slug: str) -> str:
    """The page of what an entry is about; empty where it has none."""
    words = WORDS.get(event.action)
    try:
        key = uuid.UUID(event.target.removeprefix("raw webhook "))
    except ValueError:
        return ""
    if words is None or not words.page:
        return ""
    return reverse(words.page, kwargs={"workspace_slug": slug, "key": key})


def people_in(event: AuditEvent) -> list[int]:
    """The people whose names its sentence needs."""
    named = (
        [event.target.removeprefix("user:")] if event.target.startswith("user:") else []
    )
    if event.action == "conversation.assigned":
        named += [str(event.details.get(name)) for name in ("from", "to")]
    return [int(one) for one in named if one.isascii() and one.isdecimal()]


class _Values(dict[str, str]):
    """What a sentence may name, worked out when it does; a dash for what was not told."""

    def __init__(self, event: AuditEvent, people: Mapping[int, str]) -> None:
        super().__init__()
        self._event, self._people = event, people

    def __missing__(self, name: str) -> str:
        told = self._event.details
        if name in _SPOKEN:
            return _SPOKEN[name](self._event) or _NOT_SAID
        if name == "person":
            return self._person(self._event.target.removeprefix("user:"))
        if name in ("from_person", "to_person"):
            return self._person(str(told.get(name.removesuffix("_person"))))
        return str(told.get(name, _NOT_SAID))

    def _person(self, number: str) -> str:
        if number.isascii() and number.isdecimal() and int(number) in self._people:
            return self._people[int(number)]
        return str(self._event.details.get("email") or gettext("somebody"))


def _actor(event: AuditEvent) -> str:
    if event.actor is not None:
        return event.actor.name or event.actor_label
    return str(ACTORS.get(event.actor_label, event.actor_label))


def _role(name: str) -> Callable[[AuditEvent], str]:
    def told(event: AuditEvent) -> str:
        role = event.details.get(name)
        return str(Role(role).label) if role in Role.values else str(role or "")

    return told


def _fields(event: AuditEvent) -> str:
    names: Sequence[str] = event.details.get("fields") or ()
    return ", ".join(str(FIELDS.get(name, name)) for name in names)


def _changes(event: AuditEvent) -> str:
    changes: Mapping[str, Mapping[str, object]] = event.details.get("changes") or {}
    return "; ".join(
        gettext("%(field)s from “%(old)s” to “%(new)s”")
        % {
            "field": FIELDS.get(name, name),
            "old": one.get("old"),
            "new": one.get("new"),
        }
        for name, one in sorted(changes.items())
    )


def _counted(name: str) -> int:
    return int(name) if name.isdecimal() else 0


def _released(event: AuditEvent) -> str:
    count = _counted(str(event.details.get("released", 0)))
    return ngettext("%(count)s conversation", "%(count)s conversations", count) % {
        "count": count
    }


def _requests(event: AuditEvent) -> str:
    count = _counted(str(event.details.get("rows", 0)))
    return ngettext("%(count)s request", "%(count)s requests", count) % {"count": count}


def _entries(event: AuditEvent) -> str:
    count = _counted(str(event.details.get("entries", 0)))
    return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": count}


def _why(event: AuditEvent) -> str:
    why = str(event.details.get("why", ""))
    return str(WHYS.get(why, why))


_SPOKEN: dict[str, Callable[[AuditEvent], str]] = {
    "actor": _actor,
    "role": _role("role"),
    "from_role": _role("from"),
    "to_role": _role("to"),
    "fields": _fields,
    "changes": _changes,
    "released": _released,
    "requests": _requests,
    "entries": _entries,
    "why": _why,
}
