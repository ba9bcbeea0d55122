"""Going to the identity server and coming back: the two ends of a sign-in."""

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.socialaccount.adapter import get_adapter
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import limits
from accounts.http import client_ip
from accounts.models import User
from accounts.services import acceptance
from accounts.services.acceptance import Why
from accounts.sso import grants, journal, outcomes, people, sessions
from accounts.sso import server as servers
from accounts.sso.identity import Identity
from accounts.sso.outcomes import SUCCESS, SignInRefused
from accounts.sso.provider import SSOProvider


@login_not_required
@never_cache
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """By POST alone, so that no picture or link of others begins a sign-in."""
    provider = _provider(request)
    way_back = request.POST.get("next", "")
    try:
        _require_ours(request, way_back)
        response: HttpResponse = provider.redirect_from_request(request)
        sessions.shorten(request)
    except SignInRefused as refused:
        return _refuse(request, refused, way_back=way_back, now=timezone.now())
    return response


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    now, provider = timezone.now(), _provider(request)
    server, way_back, who = provider.server, "", {}
    try:
        state = provider.spend_state(request)
        way_back = state.get("next") or ""
        identity, given = provider.identify(request, state, now=now)
        who = {"subject": identity.subject}
        _require_few(identity, now=now)
        user = people.sync(
            identity,
            server=server,
            now=now,
            ip=client_ip(request),
            is_invited=partial(_leads_to_invitation, way_back, now=now),
        )
    except SignInRefused as refused:
        return _refuse(request, refused, way_back=way_back, now=now, **who)
    _leave_earlier_session(request, user, now=now)
    grant = grants.keep(identity, given, now=now)
    request.session[sessions.PENDING_GRANT] = str(grant.key)
    journal.record(request, SUCCESS, now=now, issuer=server.issuer, user=user, **who)
    record_authentication(
        request,
        user,
        "socialaccount",
        provider=servers.PROVIDER_ID,
        uid=identity.subject,
    )
    response: HttpResponse = perform_login(
        request, user, email_verification="none", redirect_url=way_back or None
    )
    return response


def _provider(request: HttpRequest) -> SSOProvider:
    if servers.configured() is None:
        raise Http404
    provider: SSOProvider = get_adapter(request).get_provider(
        request, servers.PROVIDER_ID
    )
    return provider


def _require_few(identity: Identity, *, now: datetime) -> None:
    """A person at the server, known here or not, comes back only so often."""
    subject = f"{identity.issuer}\0{identity.subject}"
    verdict = limits.hit("sso_account", subject, now=now)
    if not verdict.allowed:
        wait = verdict.retry_after_seconds
        raise SignInRefused("too_many", retry_after_seconds=wait)


def _require_ours(request: HttpRequest, way_back: str) -> None:
    if way_back and not _is_ours(request, way_back):
        raise SignInRefused("next_elsewhere")


def _is_ours(request: HttpRequest, address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )


def _leads_to_invitation(way_back: str, user: User, *, now: datetime) -> bool:
    """To one that they can take up, if only once they have proven the address."""
    try:
        match = resolve(urlsplit(way_back).path)
    except (Resolver404, ValueError):
        return False
    if match.view_name != "accounts:invitation":
        return False
    found = acceptance.find(match.kwargs["token"])
    if found is None:
        return False
    return acceptance.objection(found, user=user, now=now) in {None, Why.UNPROVEN}


def _leave_earlier_session(request: HttpRequest, user: User, *, now: datetime) -> None:
    """Whosever it is: while the server is away, its own person comes as a stranger."""
    earlier = sessions.at_hand(request)
    if earlier is not None:
        sessions.replace(request, earlier, user, now=now)
        logout(request)


def _refuse(
    request: HttpRequest,
    refused: SignInRefused,
    *,
    way_back: str,
    now: datetime,
    subject: str = "",
) -> HttpResponse:
    server = servers.required()
    known: dict[str, Any] = {"oauth_issuer": server.issuer, "oauth_id": subject}
    user = User.objects.filter(**known).first() if subject else None
    event = journal.record(
        request,
        refused.code,
        now=now,
        issuer=server.issuer,
        subject=subject,
        user=user,
    )
    words = outcomes.words_for(refused.code)
    told = {
        "words": words,
        "event": event,
        "server": server,
        "next": way_back if way_back and _is_ours(request, way_back) else "",
    }
    page = render(request, "accounts/sign_in_refused.html", told, status=words.status)
    if refused.retry_after_seconds:
        page.headers["Retry-After"] = str(refused.retry_after_seconds)
    return page
