"""What every view under `/api/` is wrapped in: methods, bearer, and in a workspace the scope.

A workspace that is missing, and one that is not the bearer's, give the same 404.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import selectors
from accounts.api import answers, bearers
from accounts.api.bearers import ApiRequest
from accounts.models import Workspace
from accounts.permissions import Scope, scopes_of
from accounts.scoping import workspace_transaction

P = ParamSpec("P")
READS = ("GET", "HEAD")


class ApiWorkspaceRequest(ApiRequest):
    """A request by a bearer who may do that in this workspace."""

    workspace: Workspace


def by_bearer(
    *methods: str,
) -> Callable[
    [Callable[Concatenate[ApiRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let in whoever shows a good token."""

    def decorate(
        view: Callable[Concatenate[ApiRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(
            request: HttpRequest, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            if request.method not in methods:
                raise answers.method_not_allowed(request, ", ".join(methods))
            known = cast("ApiRequest", request)
            known.bearer = bearers.identify(request, now=timezone.now())
            return view(known, *args, **kwargs)

        guarded.is_by_bearer = True  # type: ignore[attr-defined]  # read by the URL walk of the tests
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)

    return decorate


def in_workspace(
    scope: Scope, *methods: str
) -> Callable[
    [Callable[Concatenate[ApiWorkspaceRequest, P], HttpResponse]],
    Callable[..., HttpResponse],
]:
    """Let in whose role or token allows `scope` in the workspace that `slug` names.

    At an address without one it is the only workspace of the bearer.
    """

    def decorate(
        view: Callable[Concatenate[ApiWorkspaceRequest, P], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        def placed(
            request: ApiRequest, /, slug: str = "", *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            workspace, scopes = _place(request.bearer, slug)
            if scope not in scopes:
                raise answers.insufficient_scope(
                    "The token does not reach that far.", scope
                )
            known = cast("ApiWorkspaceRequest", request)
            known.workspace = workspace
            with workspace_transaction(workspace.pk):
                return view(known, *args, **kwargs)

        guarded = wraps(view)(by_bearer(*methods)(placed))
        guarded.required_scope = scope  # type: ignore[attr-defined]  # read by the URL walk of the tests
        guarded.is_by_bearer = True  # type: ignore[attr-defined]  # as above
        return cast("Callable[..., HttpResponse]", guarded)

    return decorate


def _place(bearer: bearers.Bearer, slug: str) -> tuple[Workspace, frozenset[Scope]]:
    if isinstance(bearer, bearers.Service):
        token = bearer.token
        if slug and token.workspace.slug != slug:
            raise answers.not_found()
        held = frozenset(scope for scope in Scope if scope in token.scopes)
        return token.workspace, held
    memberships = [
        one
        for one in selectors.list_memberships(bearer.user)
        if not slug or one.workspace.slug == slug
    ]
    if len(memberships) > 1:
        raise answers.workspace_needed()
    if not memberships:
        raise answers.not_found()
    return memberships[0].workspace, scopes_of(memberships[0].role)
