"""Asks for the sign-in, and puts the workspace of `/w/<slug>/…` and the person's language
on every request."""

import zoneinfo
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts import addresses, limits, selectors
from accounts.http import client_ip
from accounts.services import memberships

Handler = Callable[[HttpRequest], HttpResponse]


class SignInMiddleware(LoginRequiredMiddleware):
    """Whoever was signed out in the middle of work comes back to the page they were on.

    A part of a page asks for itself: the whole page goes to the sign-in, never the
    sign-in into the part. What was posted is not done, and the person reads so.
    """

    def handle_no_permission(  # type: ignore[override]  # a part is not redirected
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        is_part = request.headers.get("HX-Request") == "true"
        is_act = request.method not in ("GET", "HEAD")
        here = request.get_full_path()
        if is_part:
            here = _ours(request, request.headers.get("HX-Current-URL", ""))
        elif is_act:
            here = _ours(request, request.headers.get("Referer", ""))
            messages.warning(
                request,
                _(
                    "You had been signed out, so that was not done. Sign in and do it again."
                ),
            )
        response = redirect_to_login(
            here,
            self.get_login_url(view_func),
            self.get_redirect_field_name(view_func),
        )
        if is_part:
            address = response.headers["Location"]
            return HttpResponse(status=401, headers={"HX-Redirect": address})
        return response


def _ours(request: HttpRequest, address: str) -> str:
    """The path of an address of ours, else the first page."""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    parts = urlsplit(address if is_ours else "")
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"


class LanguageMiddleware:
    """The person's choice, else what the browser asks for among ours, else Portuguese."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        return response


class WorkspaceMiddleware:
    """A slug that is unknown and one that is somebody else's give the same 404."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        slug = kwargs.pop("workspace_slug", None)
        if slug is None or not request.user.is_authenticated:
            return
        entered = selectors.list_memberships(request.user)
        membership = next((one for one in entered if one.workspace.slug == slug), None)
        if membership is None:
            raise Http404
        request.memberships = entered  # type: ignore[attr-defined]  # the workspace switcher's
        request.membership = membership  # type: ignore[attr-defined]  # see http.WorkspaceRequest
        request.workspace = membership.workspace  # type: ignore[attr-defined]  # see http.WorkspaceRequest
        memberships.note_seen(membership, now=timezone.now())
        timezone.activate(zoneinfo.ZoneInfo(membership.workspace.time_zone))


class LimitMiddleware:
    """Answers 429 for LimitReached, and counts what is limited by its address alone."""

    BY_ADDRESS: ClassVar[dict[str, str]] = {
        "sso_login": "sso_address",
        "sso_callback": "sso_address",
    }

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        match = request.resolver_match
        scope = self.BY_ADDRESS.get(match.view_name) if match else None
        if scope is None:
            return None
        address = addresses.neighbourhood(client_ip(request))
        verdict = limits.hit(scope, address, now=timezone.now())
        return None if verdict.allowed else _too_many(request, verdict)

    def process_exception(
        self, request: HttpRequest, problem: Exception
    ) -> HttpResponse | None:
        if not isinstance(problem, limits.LimitReached):
            return None
        verdict = limits.Verdict(
            allowed=False, retry_after_seconds=problem.retry_after_seconds
        )
        return _too_many(request, verdict)


def _too_many(request: HttpRequest, verdict: limits.Verdict) -> HttpResponse:
    seconds = verdict.retry_after_seconds
    context = {"seconds": seconds, "minutes": -(-seconds // 60)}
    response = render(request, "429.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response
