"""The phone behind a sandbox number: it scans a code of Recado's, and drops Recado again.

The page of the phone comes before. What happens here is told to Recado as any provider
tells it, by a signed webhook over HTTP after the rows are written; nothing is called that
a real phone could not reach. `sandbox_gateway` is the other side of the same rows.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations import health, settling
from integrations.models import Channel, Mishap, Session, SimulatedPhone
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import Json, SessionReport
from integrations.providers.sandbox import codes, phone
from integrations.providers.sandbox.codes import Code
from integrations.selectors import simulated as phones
from integrations.services import sandbox, webhook_urls

SEED_BYTES: Final = 16
BY_PHONE: Final = "phone"
BY_RECADO: Final = "recado"
_UNLINKED: Final = _("The phone has unlinked Recado; scan a new code to connect.")
_LINKED: Final = _("The phone has linked Recado.")


class NoCode(Exception):
    """Recado shows no code at the moment: nobody asked for one, or the last one is over."""


class NoInternet(Exception):
    """The phone has none at the moment, by choice of whoever holds it."""


class CodeInvalid(Exception):
    """Not the code that Recado shows now: it has expired, or it never was one."""


@dataclass(frozen=True, slots=True)
class Done:
    """`is_new` unless it was so before; `is_told` unless the phone keeps it to itself.

    `unheard` is why Recado did not take the news.
    """

    is_new: bool
    is_told: bool = True
    unheard: str = ""


def code_of(found: SimulatedPhone, *, now: datetime) -> Code | None:
    """The code that Recado can show at this moment, while it waits for this phone."""
    if found.is_linked or found.asked_at is None:
        return None
    return codes.showing(found.seed, since=found.asked_at, now=now)


def link(channel: Channel, *, code: str, now: datetime, actor: User) -> Done:
    """The phone scans a code or types one. Safe to repeat. Raises the above."""
    is_late = False
    with workspace_transaction(channel.workspace_id):
        found = lock(channel)
        if found.is_linked:
            return Done(is_new=False)
        if found.mishap == Mishap.OFFLINE:
            raise NoInternet
        showing = code_of(found, now=now)
        if showing is None:
            raise NoCode
        shown = [showing.text, *([showing.typed] if found.wants_pairing_code else [])]
        if not any(codes.is_same(code, one) for one in shown):
            raise CodeInvalid
        if found.mishap == Mishap.TOO_LATE:
            begin_round(found, now=now)
            is_late = True
        else:
            _link(found, _digits(found), now=now)
            _record(channel, "integration.phone_linked", actor, now=now)
    if is_late:
        raise CodeInvalid
    told = phone.news("connected", phone=found.linked_phone, detail=_LINKED)
    return Done(is_new=True, unheard=_tell(channel, told))


def unlink(channel: Channel, *, now: datetime, actor: User) -> Done:
    """The phone drops Recado from its linked devices. Safe to repeat."""
    with workspace_transaction(channel.workspace_id):
        found = lock(channel)
        if not found.is_linked:
            return Done(is_new=False)
        end(found, by=BY_PHONE)
        _record(channel, "integration.phone_unlinked", actor, now=now)
    if found.mishap in {Mishap.UNTOLD, Mishap.OFFLINE}:
        return Done(is_new=True, is_told=False)
    return Done(
        is_new=True,
        unheard=_tell(channel, phone.news("disconnected", detail=_UNLINKED)),
    )


def set_mishap(channel: Channel, mishap: Mishap) -> None:
    with workspace_transaction(channel.workspace_id):
        found = lock(channel)
        found.mishap = mishap
        found.save(update_fields=["mishap"])


def link_at_once(channel: Channel, *, now: datetime) -> None:
    """For a number that shall work from its first minute: nobody has to scan anything."""
    with workspace_transaction(channel.workspace_id):
        found = lock(channel)
        if channel.integration is not None:
            url = webhook_urls.current(channel.integration)
            found.posts_to = webhook_urls.digest_of(url)
        _link(found, channel.phone.removeprefix("+"), now=now)
        session: Session | None = (
            Session.objects.for_workspace(channel.workspace_id)
            .filter(channel=channel, ended_at=None)
            .select_related("channel")
            .select_for_update(of=("self",))
            .first()
        )
        if session is None:
            return
        before = session.state
        report = SessionReport(state="connected", phone=found.linked_phone)
        health.take_report(session, report, expected=channel.phone, now=now)
        settling.settle(session, before=before, now=now)


# --- the row, for both sides of it ------------------------------------------------
def lock(channel: Channel) -> SimulatedPhone:
    """The phone of a number, made at its first use, until the transaction ends."""
    rows = SimulatedPhone.objects.for_workspace(channel.workspace_id)
    if phones.find_phone(channel).pk is None:
        fresh = SimulatedPhone(workspace_id=channel.workspace_id, channel=channel)
        SimulatedPhone.objects.bulk_create([fresh], ignore_conflicts=True)
    found: SimulatedPhone = rows.select_for_update(of=("self",)).get(channel=channel)
    found.channel = channel
    return found


def begin_round(found: SimulatedPhone, *, now: datetime) -> None:
    """Codes from now on that have nothing to do with the earlier ones."""
    found.seed = secrets.token_hex(SEED_BYTES)
    found.asked_at = now
    found.save(update_fields=["seed", "asked_at", "wants_pairing_code"])


def end(found: SimulatedPhone, *, by: str) -> None:
    """Linked to nothing, and no code is shown."""
    if found.is_linked:
        found.unlinked_by = by
    found.linked_phone, found.linked_at = "", None
    found.seed, found.asked_at = "", None
    found.save()


def _link(found: SimulatedPhone, digits: str, *, now: datetime) -> None:
    found.linked_phone, found.linked_at = digits, now
    found.seed, found.asked_at, found.unlinked_by = "", None, ""
    found.save()


def _digits(found: SimulatedPhone) -> str:
    """Of the phone in hand; it is another one when that is what shall go wrong."""
    digits = found.channel.phone.removeprefix("+")
    if found.mishap != Mishap.OTHER_PHONE:
        return digits
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


def _tell(channel: Channel, news: Mapping[str, Json]) -> str:
    try:
        sandbox.deliver(channel, [news])
    except sandbox.NotDelivered as refused:
        return refused.code
    return ""


def _record(channel: Channel, action: str, actor: User, *, now: datetime) -> None:
    audit.record(
        workspace=channel.workspace,
        action=action,
        actor=actor,
        target=str(channel.key),
        now=now,
    )
