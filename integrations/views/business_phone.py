"""The phone of the business that has a sandbox number: it scans Recado's code, and drops it.

A code leads to `scan`, which finds the workspace of whoever holds the phone, and from there
to the page itself. What is done on it is told to Recado over HTTP, as by any provider.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import selectors
from accounts.http import WorkspaceRequest, requires
from accounts.models import User
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations.models import Channel, Mishap, SimulatedPhone
from integrations.phone_forms import MishapForm, PairingCodeForm
from integrations.providers.sandbox import codes
from integrations.selectors import channels
from integrations.selectors import simulated as phones
from integrations.services import simulated
from integrations.services.simulated import CodeInvalid, Done, NoCode, NoInternet

NOTHING_NEW = 204  # htmx leaves the page as it is
LONGEST_CODE = 40


@require_safe
def scan(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What a phone's camera opens: the page of that number, in whichever workspace it is."""
    if not settings.SANDBOX_ENABLED:
        raise Http404
    person = cast("User", request.user)
    for membership in selectors.list_memberships(person):
        with workspace_transaction(membership.workspace_id):
            channel = channels.find_simulated(membership.workspace, key=key)
        if channel is not None:
            query = urlencode({"code": request.GET.get("code", "")[:LONGEST_CODE]})
            page = _address(membership.workspace.slug, channel)
            return HttpResponseRedirect(f"{page}?{query}")
    return render(request, "integrations/business_phone_unknown.html", status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.REPLY, own_transactions="what the phone does is told over HTTP")
def business_phone(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    if not settings.SANDBOX_ENABLED:
        raise Http404
    with workspace_transaction(request.workspace.pk):
        channel = channels.find_simulated(request.workspace, key=key)
    if channel is None:
        raise Http404
    if request.method == "POST":
        act = _ACTS.get(request.POST.get("intent", ""))
        if act is None:
            messages.error(request, gettext("Choose what the phone should do."))
            return _back(request, channel)
        return act(request, channel)
    return _show(request, channel)


# --- showing ----------------------------------------------------------------------
def _show(
    request: WorkspaceRequest,
    channel: Channel,
    *,
    failed: PairingCodeForm | None = None,
) -> HttpResponse:
    with workspace_transaction(request.workspace.pk):
        found = phones.find_phone(channel)
        context = _context(request, channel, found, failed, now=timezone.now())
        if request.htmx:
            if request.GET.get("seen") == context["stamp"]:
                return HttpResponse(status=NOTHING_NEW)
            return render(request, "integrations/_business_phone_screen.html", context)
        status = 422 if failed is not None else 200
        return render(
            request, "integrations/business_phone.html", context, status=status
        )


def _context(
    request: WorkspaceRequest,
    channel: Channel,
    found: SimulatedPhone,
    failed: PairingCodeForm | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    showing = simulated.code_of(found, now=now)
    seen = request.GET.get("code", "")[:LONGEST_CODE]
    is_scanning = "scan" in request.GET
    if is_scanning and showing is not None:
        seen = showing.text
    screen = _screen(found, showing, seen=seen, is_scanning=is_scanning)
    address = _address(request.workspace.slug, channel)
    asks_for = seen if screen == "confirm" else ""
    told = (screen, asks_for, found.linked_at, found.unlinked_by, showing is not None)
    stamp = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
    asked = {"scan": "1"} if is_scanning else {"code": seen} if seen else {}
    return {
        "channel": channel,
        "found": found,
        "screen": screen,
        "seen": seen,
        "is_awaited": showing is not None,
        "address": address,
        "stamp": stamp,
        "poll": f"{address}?{urlencode(asked | {'seen': stamp})}",
        "pairing_form": failed or PairingCodeForm(),
        "mishap_form": MishapForm(initial={"mishap": found.mishap}),
    }


def _screen(
    found: SimulatedPhone,
    showing: codes.Code | None,
    *,
    seen: str,
    is_scanning: bool,
) -> str:
    """Which of its screens the phone shows."""
    if found.is_linked:
        return "linked"
    if showing is None:
        return "no_code" if seen or is_scanning else "unlinked"
    if not seen:
        return "unlinked"
    return "confirm" if codes.is_same(seen, showing.text) else "expired"


# --- doing ------------------------------------------------------------------------
def _link(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    """A code that was scanned is confirmed."""
    problem = _linked(request, channel, request.POST.get("code", ""))
    if problem:
        messages.error(request, problem)
    return _back(request, channel)


def _pair(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    """A code is typed."""
    form = PairingCodeForm(request.POST.dict())
    if form.is_valid():
        problem = _linked(request, channel, form.cleaned_data["code"])
        if not problem:
            return _back(request, channel)
        form.add_error("code", problem)
    return _show(request, channel, failed=form)


def _linked(request: WorkspaceRequest, channel: Channel, code: str) -> str:
    """Link, and tell what came of it; what is wrong is a sentence for the caller."""
    try:
        done = simulated.link(
            channel,
            code=code[:LONGEST_CODE],
            now=timezone.now(),
            actor=request.user,
        )
    except NoInternet:
        return gettext("The phone has no internet, so it cannot link a device.")
    except NoCode:
        return gettext(
            "Recado shows no code at the moment. Ask it for a new one first."
        )
    except CodeInvalid:
        return gettext(
            "That code is no longer good. Take the one that Recado shows now."
        )
    if done.is_new:
        messages.success(
            request,
            gettext("Linked. Recado shows the number as connected within seconds."),
        )
    else:
        messages.info(request, gettext("Recado is linked to this phone already."))
    _tell_unheard(request, done)
    return ""


def _unlink(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    done = simulated.unlink(channel, now=timezone.now(), actor=request.user)
    if not done.is_new:
        messages.info(request, gettext("No device is linked to this phone."))
    elif done.is_told and not done.unheard:
        messages.success(
            request,
            gettext(
                "Unlinked. Recado shows the number as disconnected and raises the alarm."
            ),
        )
    elif not done.unheard:
        messages.success(
            request,
            gettext("Unlinked, and nobody is told: Recado finds out when it asks."),
        )
    _tell_unheard(request, done)
    return _back(request, channel)


def _tell_unheard(request: WorkspaceRequest, done: Done) -> None:
    if done.unheard:
        text = gettext(
            "The webhook did not take the news (%(code)s), so Recado learns of it when it asks."
        )
        messages.warning(request, text % {"code": done.unheard})


def _choose_mishap(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    form = MishapForm(request.POST.dict())
    if not form.is_valid():
        messages.error(request, gettext("Choose what the phone should do."))
        return _back(request, channel)
    mishap = Mishap(form.cleaned_data["mishap"])
    simulated.set_mishap(channel, mishap)
    messages.success(
        request,
        gettext("From now on everything works.")
        if mishap == Mishap.NONE
        else gettext("From now on: %(mishap)s.") % {"mishap": mishap.label},
    )
    return _back(request, channel)


_ACTS: dict[str, Callable[[WorkspaceRequest, Channel], HttpResponse]] = {
    "link": _link,
    "pair": _pair,
    "unlink": _unlink,
    "mishap": _choose_mishap,
}


def _address(slug: str, channel: Channel) -> str:
    return reverse(
        "integrations:business-phone",
        kwargs={"workspace_slug": slug, "key": channel.key},
    )


def _back(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    return redirect(_address(request.workspace.slug, channel))
