"""Puts the workspace of `/w/<slug>/…` and the person's language on every request."""

import zoneinfo
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts import selectors

Handler = Callable[[HttpRequest], HttpResponse]


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
        memberships = selectors.list_memberships(request.user)
        membership = next(
            (one for one in memberships if one.workspace.slug == slug), None
        )
        if membership is None:
            raise Http404
        request.memberships = memberships  # type: ignore[attr-defined]  # the workspace switcher's
        request.membership = membership  # type: ignore[attr-defined]  # see http.WorkspaceRequest
        request.workspace = membership.workspace  # type: ignore[attr-defined]  # see http.WorkspaceRequest
        timezone.activate(zoneinfo.ZoneInfo(membership.workspace.time_zone))
