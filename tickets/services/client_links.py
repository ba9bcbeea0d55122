"""The signed, expiring address of a ticket for its client.

The signature holds the workspace, the ticket, the client and the ticket's `page_version`,
so it is checked before a row is looked for; it ends by time, when the ticket becomes
somebody else's, and when a member withdraws all of a ticket's links.
"""

import base64
import struct
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts import audit
from accounts.models import User
from tickets.models import Ticket

_SALT: Final = "tickets.client_page"
_FORM: Final = struct.Struct(">I16s16sI")


class LinkBad(ValueError):
    """No link of ours."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a signature vouches for; `is_over` when its time is up."""

    workspace_id: int
    ticket_key: uuid.UUID
    client_key: uuid.UUID
    page_version: int
    is_over: bool


def lifetime() -> timedelta:
    return timedelta(days=settings.TICKET_LINK_DAYS)


def make(ticket: Ticket) -> str:
    """The whole address; the ticket has a client."""
    if ticket.client is None:
        raise LinkBad
    told = _FORM.pack(
        ticket.workspace_id,
        ticket.key.bytes,
        ticket.client.key.bytes,
        ticket.page_version,
    )
    value = base64.urlsafe_b64encode(told).decode().rstrip("=")
    token = TimestampSigner(salt=_SALT).sign(value)
    before, after = _path()
    return f"{settings.PUBLIC_URL}{before}{token}{after}"


@cache
def _path() -> tuple[str, str]:
    """What stands around the token; looking it up costs more than the signature."""
    place = "token"
    before, _, after = reverse("tickets-public:ticket", args=[place]).rpartition(place)
    return before, after


def read(token: str) -> Link:
    """Raises LinkBad for what nobody here has signed."""
    signer, is_over = TimestampSigner(salt=_SALT), False
    try:
        try:
            value = signer.unsign(token, max_age=lifetime())
        except SignatureExpired:
            value, is_over = signer.unsign(token), True
    except BadSignature:
        raise LinkBad from None
    told = _FORM.unpack(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    workspace_id, ticket, client, version = told
    return Link(
        workspace_id,
        uuid.UUID(bytes=ticket),
        uuid.UUID(bytes=client),
        version,
        is_over,
    )


def find_ticket(link: Link) -> Ticket | None:
    """The ticket, if it still is that client's; inside the workspace's transaction."""
    found: Ticket | None = (
        Ticket.objects.for_workspace(link.workspace_id)
        .select_related("client", "workspace", "conversation__channel")
        .defer("search", "search_text", "client__search", "client__search_text")
        .filter(key=link.ticket_key, client__key=link.client_key)
        .first()
    )
    return found


def is_good(link: Link, ticket: Ticket) -> bool:
    return not link.is_over and link.page_version == ticket.page_version


def withdraw(
    ticket: Ticket, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    """No link that was given so far leads to the ticket any more."""
    with transaction.atomic():
        rows = Ticket.objects.for_workspace(ticket.workspace_id).filter(pk=ticket.pk)
        rows.update(page_version=F("page_version") + 1)
        audit.record(
            workspace=ticket.workspace,
            action="ticket.links_withdrawn",
            actor=actor,
            target=str(ticket.key),
            details={"number": ticket.ticket_number},
            ip=ip,
            now=now,
        )
