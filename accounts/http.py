"""Typed requests for view signatures, and the decorator that guards a workspace's pages."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may

P = ParamSpec("P")


class WorkspaceRequest(HttpRequest):
    """A request inside a workspace by one of its members."""

    htmx: HtmxDetails
    user: User
    workspace: Workspace
    membership: Membership
    memberships: list[Membership]


def requires(
    action: Action,
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let members in whose role allows `action`. To outsiders the page does not exist.

    The middleware has put the workspace and the membership on the request; see there.
    """

    def decorate(
        view: Callable[Concatenate[WorkspaceRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(
            request: HttpRequest, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            membership = getattr(request, "membership", None)
            if membership is None:
                raise Http404
            if not may(membership.role, action):
                raise PermissionDenied
            return view(request, *args, **kwargs)  # type: ignore[arg-type]  # the middleware made it one

        guarded.required_action = action  # type: ignore[attr-defined]  # read by the URL walk of the tests
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)

    return decorate
