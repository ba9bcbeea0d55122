"""What another system tells about a ticket, read from its JSON. Pure.

Everything is looked at before anything is believed. Members that are not known are left
alone: systems send more than we ask for. What is known and of a wrong shape is refused by
its name, as it was written.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tickets import event_kinds
from tickets.models import EventKind, TicketPriority, TicketStatus
from whatsapp import phones

ReadPhone = Callable[[str], str | None]
LARGEST: Final = 256 * 1024  # bytes
LONGEST_ID: Final = 160
_LONGEST_KIND: Final = 60
_LONGEST_TEXT: Final = 20_000
_STATUS_OF: Final = {
    EventKind.WAITING: TicketStatus.WAITING,
    EventKind.RESOLVED: TicketStatus.RESOLVED,
    EventKind.CLOSED: TicketStatus.CLOSED,
    EventKind.REOPENED: TicketStatus.OPEN,
}
_ZONE: Final = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")


class NotJson(Exception):
    """The body is no JSON object."""


class Invalid(Exception):
    """A part of the event that is wrong: `field` as it was written, `why` in a sentence."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name)
        self.field = name[:60]
        self.why = why


class UnknownKind(Invalid):
    """`ticket.…` and none of ours: a slip, which must not pass for a success."""


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    is_public: bool = True
    is_clients: bool = False


@dataclass(frozen=True, slots=True)
class ClientTold:
    """`facts` are empty where the client is only named."""

    oauth_id: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `values` are plain fields of the ticket; `assignee` is an e-mail, empty for
    nobody, and None where nothing is said of it."""

    id: str
    kind: str
    occurred_at: datetime | None = None
    ticket_id: str = ""
    ticket_number: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    client: ClientTold | None = None
    assignee: str | None = None
    comment: Comment | None = None

    @property
    def is_about_tickets(self) -> bool:
        return self.kind in event_kinds.INCOMING


def read_json(body: bytes) -> dict[str, Any]:
    """Raises NotJson."""
    try:
        told = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotJson from None
    if not isinstance(told, dict):
        raise NotJson
    return told


def name_of(told: Mapping[str, Any], *, event_id: str) -> tuple[str, str]:
    """How an event calls itself and its type, as far as that can be kept; for the log."""
    names = event_id or told.get("id"), told.get("type")
    most = LONGEST_ID, _LONGEST_KIND
    return tuple(  # type: ignore[return-value]  # two of them
        one[:longest] if isinstance(one, str) and _is_storable(one) else ""
        for one, longest in zip(names, most, strict=True)
    )


def read(
    told: Mapping[str, Any],
    *,
    event_id: str,
    read_phone: ReadPhone = phones.to_e164,
) -> Told:
    """`event_id` is the name that was signed; without one it is the body's own. `read_phone`
    knows how people of the workspace write numbers.

    Raises Invalid.
    """
    if not event_id:
        event_id = _text(told, "id", "id", most=LONGEST_ID)
    if not event_id:
        raise Invalid("id", "Name the event, so that it happens once.")
    if len(event_id) > LONGEST_ID or not event_id.isprintable():
        raise Invalid("id", f"{LONGEST_ID} printable characters at most.")
    kind = _text(told, "type", "type", most=_LONGEST_KIND)
    if not kind:
        raise Invalid("type", "It is needed.")
    if kind not in event_kinds.INCOMING:
        if kind.startswith(event_kinds.PREFIX):
            known = ", ".join(sorted(event_kinds.INCOMING))
            raise UnknownKind("type", f"One of {known} is expected.")
        return Told(event_id, kind)
    data = told.get("data")
    if not isinstance(data, dict):
        raise Invalid("data", "An object is expected.")
    found = Told(
        id=event_id,
        kind=kind,
        occurred_at=_moment(told, "timestamp"),
        ticket_id=_text(data, "ticket_id", "data.ticket_id", most=200),
        ticket_number=_number(data),
        values=_values(data, kind),
        client=_client(data, read_phone),
        assignee=_assignee(data),
        comment=_comment(data),
    )
    _require(found)
    return found


def _require(told: Told) -> None:
    if not told.ticket_id and told.ticket_number is None:
        raise Invalid("data.ticket_id", "Say which ticket it is about.")
    kind = told.kind.removeprefix(event_kinds.PREFIX)
    if kind == EventKind.CREATED and not told.ticket_id:
        raise Invalid("data.ticket_id", "A new ticket needs your name for it.")
    if kind == EventKind.CREATED and not told.values.get("title"):
        raise Invalid("data.title", "A new ticket needs a title.")
    if kind == EventKind.COMMENTED and told.comment is None:
        raise Invalid("data.comment", "A comment is expected.")
    if kind == EventKind.ASSIGNED and told.assignee is None:
        raise Invalid("data.assignee", "An e-mail is expected, or null for nobody.")


def _values(data: Mapping[str, Any], kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, most in (("title", 200), ("description", _LONGEST_TEXT)):
        if name in data:
            found[name] = _text(data, name, f"data.{name}", most=most)
    if "title" in found and not found["title"].strip():
        raise Invalid("data.title", "It is empty.")
    for name, choices in (
        ("status", TicketStatus.values),
        ("priority", TicketPriority.values),
    ):
        if name in data:
            found[name] = _choice(data, name, choices)
    if "url" in data:
        found["external_url"] = _link(data)
    told = EventKind(kind.removeprefix(event_kinds.PREFIX))
    status = _STATUS_OF.get(told)
    if status is not None:
        if found.get("status", status) != status:
            raise Invalid("data.status", f"It contradicts the type {kind}.")
        found["status"] = status.value
    return found


def _client(data: Mapping[str, Any], read_phone: ReadPhone) -> ClientTold | None:
    """By its id alone it has to be known; with a name or an address it may be new."""
    plain = _text(data, "client_id", "data.client_id", most=255)
    inner = data.get("client")
    if inner is None:
        return ClientTold(plain) if plain else None
    if not isinstance(inner, dict):
        raise Invalid("data.client", "An object is expected.")
    oauth_id = _text(inner, "oauth_id", "data.client.oauth_id", most=255) or plain
    if not oauth_id:
        raise Invalid("data.client.oauth_id", "It is needed.")
    facts = {}
    for name, most in (("name", 200), ("email", 254), ("phone", 40)):
        value = _text(inner, name, f"data.client.{name}", most=most).strip()
        if value:
            facts[name] = value
    if "email" in facts:
        try:
            validate_email(facts["email"])
        except ValidationError:
            raise Invalid("data.client.email", "This is no e-mail address.") from None
    if "phone" in facts:
        number = read_phone(facts["phone"])
        if number is None:
            raise Invalid(
                "data.client.phone", "This is no phone number; write +5511987654321."
            )
        facts["phone"] = number
    return ClientTold(oauth_id, facts)


def _assignee(data: Mapping[str, Any]) -> str | None:
    if "assignee" not in data:
        return None
    return _text(data, "assignee", "data.assignee", most=254).strip()


def _comment(data: Mapping[str, Any]) -> Comment | None:
    inner = data.get("comment")
    if inner is None:
        return None
    if not isinstance(inner, dict):
        raise Invalid("data.comment", "An object is expected.")
    text = _text(inner, "text", "data.comment.text", most=_LONGEST_TEXT)
    if not text.strip():
        raise Invalid("data.comment.text", "It is empty.")
    is_public = inner.get("public", True)
    if not isinstance(is_public, bool):
        raise Invalid("data.comment.public", "true or false is expected.")
    author = _text(inner, "author", "data.comment.author", most=20) or "team"
    if author not in ("team", "client"):
        raise Invalid("data.comment.author", "team or client is expected.")
    if author == "client" and not is_public:
        raise Invalid("data.comment.public", "What the client says is not private.")
    return Comment(text, is_public, author == "client")


# --- single values ------------------------------------------------------------------
def _text(told: Mapping[str, Any], name: str, path: str, *, most: int) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(path, "A string is expected.")
    if not _is_storable(value):
        raise Invalid(path, "It holds characters that cannot be kept.")
    if len(value) > most:
        raise Invalid(path, f"{most} characters at most.")
    return value


def _choice(told: Mapping[str, Any], name: str, choices: list[str]) -> str:
    value = _text(told, name, f"data.{name}", most=_LONGEST_KIND)
    if value not in choices:
        raise Invalid(f"data.{name}", f"One of {', '.join(choices)} is expected.")
    return value


def _number(data: Mapping[str, Any]) -> int | None:
    value = data.get("ticket_number")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise Invalid("data.ticket_number", "A number of ours is expected.")
    return value


def _link(data: Mapping[str, Any]) -> str:
    link = _text(data, "url", "data.url", most=500)
    try:
        parts = urlsplit(link)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_good = False
    if link and (not is_good or not link.isprintable() or " " in link):
        raise Invalid("data.url", "An http or https link is expected.")
    return link


def _moment(told: Mapping[str, Any], name: str) -> datetime | None:
    """ISO 8601 with a zone, or Unix seconds."""
    value = told.get(name)
    if value is None:
        return None
    wrong = Invalid(name, "A moment as 2026-03-10T12:00:00Z is expected.")
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str) and _ZONE.search(value):
            found = datetime.fromisoformat(value).astimezone(UTC)
        else:
            raise wrong
    except (ValueError, OverflowError, OSError):
        raise wrong from None
    if not 2000 <= found.year < 2200:
        raise wrong
    return found


def _is_storable(text: str) -> bool:
    """PostgreSQL keeps no NUL, and half a surrogate pair is no character."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def _no_number(word: str) -> None:
    raise ValueError(word)
