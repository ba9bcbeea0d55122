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
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts import limits, selectors
from accounts.http import neighbourhood, too_many
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
        "account_reset_password_from_key": "sign_in_address",
    }
    # Pages that anybody may look at; what is sent counts.
    POSTS_BY_ADDRESS: ClassVar[dict[str, str]] = {
        "account_reset_password": "sign_in_address",
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
        name = request.resolver_match.view_name if request.resolver_match else ""
        scope = self.BY_ADDRESS.get(name)
        if scope is None and request.method == "POST":
            scope = self.POSTS_BY_ADDRESS.get(name)
        if scope is None:
            return None
        scope, subject = self.subject(request, scope)
        verdict = limits.hit(scope, subject, now=timezone.now())
        if verdict.allowed:
            return None
        return self.too_many(request, scope, verdict.retry_after_seconds)

    def subject(self, request: HttpRequest, scope: str) -> tuple[str, str]:
        """Under which limit this request counts, and for whom."""
        return scope, neighbourhood(request)

    def process_exception(
        self, request: HttpRequest, problem: Exception
    ) -> HttpResponse | None:
        if not isinstance(problem, limits.LimitReached):
            return None
        return self.too_many(request, problem.scope, problem.retry_after_seconds)

    def too_many(self, request: HttpRequest, scope: str, seconds: int) -> HttpResponse:
        """The page for people; a role that also serves programs answers them itself."""
        return too_many(request, seconds, is_guess=scope in limits.ESCALATING)
