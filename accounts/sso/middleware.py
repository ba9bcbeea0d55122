"""At every request of somebody signed in: is this browser session still theirs?

Stands after Django's own, whose work it does with one query less, and before
`SignInMiddleware`, which sends whoever is nobody any more to the sign-in and brings them
back.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.models import BrowserSession, SessionEnd
from accounts.sso import grants, outcomes, server, sessions, standing
from accounts.sso.grants import Freshness

RETRY_AFTER_SECONDS = 30
_SIGN_OUT = "account_logout"


class BrowserSessionMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: standing.person_of(request))  # type: ignore[assignment]  # as Django's own
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        now = timezone.now()
        session: BrowserSession | None = getattr(request, "browser_session", None)
        if session is None or session.user_id != request.user.pk:
            logout(request)
            return None
        why = sessions.reason_to_end(session, now=now)
        freshness = _freshness(session, now=now) if why is None else Freshness.ENDED
        if freshness is Freshness.AWAY:
            return _while_away(request, view)
        if freshness is Freshness.ENDED:
            _end(request, session, why, now=now)
            logout(request)
            messages.info(request, _say(why))
            return None
        if _is_by_hand(request):
            sessions.note_seen(session, now=now)
        return None


def _freshness(session: BrowserSession, *, now: datetime) -> Freshness:
    grant = getattr(session, "grant", None)
    if grant is None:
        return Freshness.FRESH
    return grants.keep_fresh(grant, server.configured(), now=now)


def _end(
    request: HttpRequest,
    session: BrowserSession,
    why: SessionEnd | None,
    *,
    now: datetime,
) -> None:
    """By a rule of ours the server is told; what it refused itself, it knows already."""
    if why is None:
        sessions.end_one(session, SessionEnd.REFUSED, now=now)
    else:
        mine = BrowserSession.objects.filter(pk=session.pk)
        sessions.revoke(request, mine, why, now=now)


def _is_by_hand(request: HttpRequest) -> bool:
    """Pages that ask for news by themselves do not keep a forgotten screen signed in."""
    is_part = request.headers.get("HX-Request") == "true"
    return not is_part or request.method not in ("GET", "HEAD")


def _say(why: SessionEnd | None) -> str:
    if why is None:
        return _("The identity server ended your session. Sign in again to go on.")
    if why is SessionEnd.REVOKED:
        return _(
            "Signing in with a password was switched off here. Sign in at the identity server to go on."
        )
    return _("Your session reached its time limit. Sign in again to go on.")


def _while_away(
    request: HttpRequest, view: Callable[..., HttpResponseBase]
) -> HttpResponse | None:
    """Pages that need nobody signed in see a stranger, so that a password still lets in.

    Signing out needs no answer of the server either.
    """
    match = request.resolver_match
    if match is not None and match.view_name == _SIGN_OUT:
        return None
    if not getattr(view, "login_required", True):  # as LoginRequiredMiddleware asks
        request.user = AnonymousUser()
        return None
    return _away(request)


def _away(request: HttpRequest) -> HttpResponse:
    """The session is kept: it goes on when the server is back."""
    words = outcomes.words_for("unreachable")
    told = {"words": words, "has_password": settings.PASSWORD_SIGNIN}
    page = render(request, "accounts/server_away.html", told, status=503)
    page.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    page.headers["Cache-Control"] = "no-store"
    return page
