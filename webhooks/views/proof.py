"""The last step of connecting a number: a real message, or what stands in its way."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations import qr
from integrations.models import Channel
from integrations.selectors import channels, connecting, episodes
from integrations.services import webhook_urls
from integrations.services.webhook_urls import Subscription, WebhookFailed
from webhooks import proof
from webhooks.proof import Facts, Link

NOTHING_NEW: Final = 204
_LONGEST_AGO: Final = timedelta(hours=1)
_JUST_BEFORE: Final = timedelta(minutes=15)

_NAMES: Final[dict[str, Promise]] = {
    "session": _("The number is connected"),
    "webhook": _("The provider posts to this address"),
    "request": _("Its requests arrive"),
    "work": _("They are processed"),
    "message": _("A message is among them"),
}
_WHY: Final[dict[str, Promise]] = {
    "session_ended": _(
        "The connection has ended or never began. Connect the number first."
    ),
    "session_pending": _(
        "The number is not connected yet. Finish that step, then come back."
    ),
    "session_lost": _("The number lost its connection. Connect it anew."),
    "webhook_elsewhere": _(
        "The provider posts to another address than ours: another system may have taken "
        "the number over. Set the webhook again."
    ),
    "webhook_unset": _("The provider posts nowhere. Set the webhook."),
    "webhook_incomplete": _(
        "The provider posts to us, but not everything we need. Set the webhook again."
    ),
    "nothing_arrived": _(
        "No request reached us. Did you write to the right number, from another phone? If "
        "so, check the webhook at the provider, and that this installation can be reached "
        "from the internet."
    ),
    "signature_missing": _(
        "Requests arrive and are refused: they carry no proof of who sent them. Set the "
        "webhook again, so that the provider knows the secret."
    ),
    "signature_wrong": _(
        "Requests arrive and are refused: their signature does not match the secret. Enter "
        "the right secret, or set the webhook again."
    ),
    "parked": _(
        "Requests arrive, but could not be read. They are kept: open them to see why, and "
        "process them again."
    ),
    "unrouted": _(
        "Requests arrive, but for another number than this one. Check which number the keys "
        "belong to."
    ),
    "not_worked": _(
        "Requests arrive and wait: no worker takes them. Whoever looks after this "
        "installation must start it."
    ),
    "only_statuses": _(
        "Only news about sent messages arrive, no message. Did you write to the number from "
        "another phone? At the provider, the kind of event for messages must be switched on."
    ),
    "only_echoes": _(
        "Messages arrive, but none that somebody wrote to you just now: write from another "
        "phone, to this number."
    ),
    "only_news": _(
        "Requests arrive, but no message is among them. At the provider, the kind of event "
        "for messages must be switched on."
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A link of the chain in words."""

    state: str
    label: str | Promise
    why: str | Promise
    name: str


@require_safe
@vary_on_headers("HX-Request")
@requires(Action.CONNECT, own_transactions="the provider is asked where it posts")
def channel_proof(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    with workspace_transaction(request.workspace.pk):
        channel = connecting.find_number(request.workspace, key=key)
        is_simulated = channels.find_simulated(request.workspace, key=key) is not None
    if channel is None:
        raise Http404
    now = timezone.now()
    since = _since(request, now=now)
    is_over = now - since >= proof.WAITS
    with workspace_transaction(request.workspace.pk):
        facts = proof.read(channel, since=_began(channel, since))
    context = _context(channel, facts, since=since, is_over=is_over, now=now)
    if request.htmx:
        if request.GET.get("seen") == context["stamp"]:
            return HttpResponse(status=NOTHING_NEW)
        return render(request, "webhooks/_proof.html", context)
    context |= {"is_simulated": is_simulated} | _invitation(channel)
    return render(request, "webhooks/channel_proof.html", context)


def _context(
    channel: Channel, facts: Facts, *, since: datetime, is_over: bool, now: datetime
) -> dict[str, Any]:
    subscription = None
    if is_over and facts.message is None:
        subscription = _read_back(channel)
    links = proof.chain(facts, subscription=subscription, is_over=is_over, now=now)
    rows = [_row(one) for one in links]
    is_proven = facts.message is not None
    left = max(0, int((since + proof.WAITS - now).total_seconds()))
    return {
        "channel": channel,
        "rows": rows,
        "broken": next((one for one in rows if one.state == "broken"), None),
        "message": facts.message,
        "is_proven": is_proven,
        "is_over": is_over,
        "is_polled": not is_proven and not is_over,
        "seconds_left": left,
        "of_seconds": int(proof.WAITS.total_seconds()),
        "since": int(since.timestamp()),
        "stamp": "-".join(f"{one.name}.{one.state}.{one.why}" for one in links)
        + f"-{is_over}",
    }


def _row(link: Link) -> Row:
    why = _WHY.get(link.why, "")
    return Row(link.state, _NAMES[link.name], why, link.name)


def _invitation(channel: Channel) -> dict[str, str | SafeString]:
    """Where a phone writes to this number from."""
    address = f"https://wa.me/{channel.phone.removeprefix('+')}"
    drawing = mark_safe(qr.inline(address))  # noqa: S308  # paths and numbers alone
    return {"chat_url": address, "drawing": drawing}


def _read_back(channel: Channel) -> Subscription | None:
    try:
        return webhook_urls.read_back(channel)
    except WebhookFailed:
        return None  # it cannot tell; the other links can


def _began(channel: Channel, since: datetime) -> datetime:
    """A message that came just before this page was opened proves as much, unless the number
    was lost in between."""
    session = connecting.find_session(channel)
    if session is None or not session.is_open:
        return since
    lost = episodes.list_of(channel).first()
    begun = max(session.started_at, lost.opened_at) if lost else session.started_at
    return min(max(begun, since - _JUST_BEFORE), since)


def _since(request: WorkspaceRequest, *, now: datetime) -> datetime:
    """Since when this page waits: as its address says, or from now on."""
    told = request.GET.get("since", "")
    if not (told.isascii() and told.isdecimal() and len(told) <= 11):
        return now
    since = datetime.fromtimestamp(int(told), tz=UTC)
    return since if now - _LONGEST_AGO <= since <= now else now
