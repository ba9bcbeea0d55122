"""Where a person is signed in, and the buttons that end that."""

import uuid
import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import devices, selectors
from accounts.models import BrowserSession, SignInEvent, User
from accounts.sso import journal, outcomes, sessions

_MOST_SHOWN = 50
_MOST_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Row:
    session: BrowserSession
    device: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    ip: str | None
    title: str | Promise
    is_success: bool


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:  # SignInMiddleware asks first
        return redirect("account_login")
    here = _here(request)
    rows = [
        Row(one, devices.name_of(one.user_agent), one.pk == here.pk)
        for one in sessions.list_open(request.user, now=timezone.now())[:_MOST_SHOWN]
    ]
    events = journal.list_of_person(request.user)[:_MOST_EVENTS]
    has_password = request.user.may_use_password
    told = {
        "rows": rows,
        "attempts": [attempt(event) for event in events],
        "has_password": has_password,
        "has_second_factor": has_password and is_mfa_enabled(request.user),
    }
    with timezone.override(_zone_of(request.user)):
        return render(request, "accounts/session_list.html", told)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """The one that was named, or with no name all but this one."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    here = _here(request)
    mine = BrowserSession.objects.filter(user=request.user).exclude(pk=here.pk)
    if "key" in request.POST:
        mine = mine.filter(key=_key(request.POST["key"]))
        if not mine.exists():
            raise Http404
    ended = sessions.revoke(request, mine, now=timezone.now())
    messages.success(
        request,
        ngettext("%(count)s session ended.", "%(count)s sessions ended.", ended)
        % {"count": ended},
    )
    return redirect("accounts:session-list")


def attempt(event: SignInEvent) -> Attempt:
    is_success = event.outcome in outcomes.DONE
    return Attempt(event.at, event.ip, outcomes.title_of(event.outcome), is_success)


def _zone_of(user: User) -> zoneinfo.ZoneInfo:
    """The page stands in no workspace; its reader's clock is that of one of theirs."""
    entered = selectors.list_memberships(user)
    names = [one.workspace.time_zone for one in entered]
    return zoneinfo.ZoneInfo(next(iter(names), settings.TIME_ZONE))


def _here(request: HttpRequest) -> BrowserSession:
    session: BrowserSession = request.browser_session  # type: ignore[attr-defined]  # BrowserSessionMiddleware put it there
    return session


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None
