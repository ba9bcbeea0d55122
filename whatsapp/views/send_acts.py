"""Sending again and dropping: one send, those that were ticked, or all that a filter shows.

First what would happen, then, when that is confirmed, a piece at a time: the page that tells
how far it is asks for the next piece, by itself where there is JavaScript, by a button where
there is none. Whoever does a piece twice does it once.
"""

import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.http import (
    WorkspaceRequest,
    carried_query,
    client_ip,
    list_query,
    requires,
)
from accounts.permissions import Action
from integrations.selectors import channels as numbers
from whatsapp import send_reasons
from whatsapp.models import OutboxEntry, Shown
from whatsapp.selectors import sends
from whatsapp.services import resending, unconfirmed
from whatsapp.services.replies import ReplyRefused
from whatsapp.services.unconfirmed import NotPossible
from whatsapp.views.sends import filter_form

PIECE: Final = 50  # sends of one request at most, and
PATIENCE: Final = 2.0  # seconds after which it answers, however many it has done
_ACTS: Final = frozenset(resending.POSSIBLE)
_CHANGED: Final = gettext_lazy(
    "What became of it was known meanwhile, so it was left alone."
)
_ALREADY: Final = gettext_lazy("It had been sent again already.")


@dataclass(frozen=True, slots=True)
class _Progress:
    """`kept` counts by sentence why the others were left alone."""

    act: str
    done: int
    kept: Counter[str]
    left: list[uuid.UUID]

    @property
    def settled(self) -> int:
        return self.done + self.kept.total()

    @property
    def rows(self) -> int:
        return self.settled + len(self.left)


@require_POST
@requires(Action.REPLY)
def send_act(request: WorkspaceRequest) -> HttpResponse:
    act = request.POST.get("act", "")
    keys = _chosen(request, act)
    if act not in _ACTS or not keys:
        messages.warning(request, _("None of these sends can be changed that way."))
        return redirect(_list_url(request))
    if request.POST.get("step") != "do":
        return _confirm(request, act, keys)
    return _go_on(request, act, keys)


def _chosen(request: WorkspaceRequest, act: str) -> list[uuid.UUID]:
    """In the order in which they are to be done; never more than a page can name."""
    if "range" not in request.POST:
        told = ",".join(request.POST.getlist("key")).split(",")
        return list(dict.fromkeys(_keys(told)))[: sends.MOST_CHOSEN]
    form = filter_form(
        request,
        request.POST,
        channels=list(numbers.list_channels(request.workspace)),
        now=timezone.now(),
    )
    if form.errors:
        return []
    return sends.matching_keys(
        request.workspace, form.filter, possible=resending.POSSIBLE.get(act, ())
    )


def _keys(told: list[str]) -> list[uuid.UUID]:
    found = []
    for text in told:
        try:
            found.append(uuid.UUID(text.strip()))
        except ValueError:
            continue
    return found


def _confirm(
    request: WorkspaceRequest, act: str, keys: list[uuid.UUID]
) -> HttpResponse:
    entries = sends.find_entries(request.workspace, keys=keys)
    possible = [one for one in entries if one.shown in resending.POSSIBLE[act]]
    counts = Counter(one.shown for one in possible)
    only = entries[0] if len(entries) == 1 else None
    refused = None
    if act == "again" and only is not None and possible:
        refused = resending.refusal_of(only, now=timezone.now())
    context = {
        "act": act,
        "count": len(possible),
        "left_out": len(entries) - len(possible),
        "unconfirmed": counts[Shown.UNCONFIRMED],
        "keys": ",".join(one.key.hex for one in possible),
        "is_cut": "range" in request.POST and len(keys) == sends.MOST_CHOSEN,
        "only": only,
        "refused": _told(only, refused) if only and refused else "",
        "back_url": _back(request, only),
    }
    return render(request, "whatsapp/send_confirm.html", context)


def _go_on(request: WorkspaceRequest, act: str, keys: list[uuid.UUID]) -> HttpResponse:
    """Do the next piece; its page asks for the one after it."""
    before = _before(request)
    piece = sends.find_entries(request.workspace, keys=keys[:PIECE])
    entries = {entry.key: entry for entry in piece}
    done, kept = before.done, Counter(before.kept)
    until = time.monotonic() + PATIENCE
    looked_at = 0
    for key in keys[:PIECE]:
        if key in entries:
            reason = _do(request, act, entries[key])
            done += not reason
            kept[reason] += bool(reason)
        looked_at += 1
        if time.monotonic() > until:
            break
    progress = _Progress(act=act, done=done, kept=+kept, left=keys[looked_at:])
    if not progress.rows:  # nobody's
        messages.warning(request, _("None of these sends can be changed that way."))
        return redirect(_list_url(request))
    if progress.rows == 1 and len(piece) == 1:
        return _tell_one(request, progress, piece[0])
    context = {
        "progress": progress,
        "keys": ",".join(key.hex for key in progress.left),
        "kept": progress.kept.most_common(),
        "back_url": _back(request, None),
    }
    name = "_send_progress" if request.htmx else "send_progress"
    return render(request, f"whatsapp/{name}.html", context)


def _before(request: WorkspaceRequest) -> _Progress:
    """What the earlier pieces came to. It is shown and decides nothing."""
    told = request.POST
    done = told.get("done", "0")
    kept = Counter[str]()
    for number, sentence in zip(
        told.getlist("kept"), told.getlist("kept_why"), strict=False
    ):
        kept[sentence[:500]] += _count(number)
    return _Progress(told.get("act", ""), _count(done), kept, [])


def _count(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= 4
    return int(text) if is_number else 0


def _do(request: WorkspaceRequest, act: str, entry: OutboxEntry) -> str:
    """Empty once it is done, else why it was left alone."""
    actor, ip, now = request.user, client_ip(request), timezone.now()
    try:
        if act == "drop":
            unconfirmed.drop(entry, actor=actor, now=now, ip=ip)
            return ""
        promise = resending.send_again(entry, actor=actor, now=now, ip=ip)
    except NotPossible:
        return str(_CHANGED)
    except ReplyRefused as refused:
        return _told(entry, refused)
    return "" if promise.is_new else str(_ALREADY)


def _told(entry: OutboxEntry, refused: ReplyRefused) -> str:
    told = send_reasons.refusal(
        entry.channel.provider, refused.reason, code=refused.code, most=refused.most
    )
    return send_reasons.in_full(told)


def _tell_one(
    request: WorkspaceRequest, progress: _Progress, entry: OutboxEntry
) -> HttpResponse:
    for sentence in progress.kept:
        messages.warning(request, sentence)
    if progress.done and progress.act == "again":
        messages.success(request, _("It goes out again, as a send of its own."))
    elif progress.done:
        messages.success(request, _("Dropped. It will not be sent."))
    return redirect(_back(request, entry))


def _back(request: WorkspaceRequest, only: OutboxEntry | None) -> str:
    """To the send itself where it is about one, else to the list with its filters."""
    if only is None:
        return _list_url(request)
    address = reverse(
        "whatsapp:send-detail",
        kwargs={"workspace_slug": request.workspace.slug, "key": only.key},
    )
    return address + carried_query(request)


def _list_url(request: WorkspaceRequest) -> str:
    address = reverse(
        "whatsapp:send-list", kwargs={"workspace_slug": request.workspace.slug}
    )
    query = list_query(request)
    return f"{address}?{query}" if query else address
