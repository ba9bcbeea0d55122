"""What every view under `/api/` is wrapped in: its operation, bearer, workspace, request.

A workspace that is missing, and one that is not the bearer's, give the same 404.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import selectors
from accounts.api import answers, bearers, fields, requests
from accounts.api.bearers import ApiRequest
from accounts.api.operations import Operation
from accounts.models import Workspace
from accounts.permissions import Scope, scopes_of
from accounts.scoping import workspace_transaction

P = ParamSpec("P")
View = Callable[..., HttpResponse]


class ApiWorkspaceRequest(ApiRequest):
    """A request by a bearer who may do that in this workspace.

    `asked` is what the query says and `told` what the body says, by the operation's names
    and in its types; `digest` is of the body, `repeat_key` its Idempotency-Key.
    """

    workspace: Workspace
    asked: Mapping[str, Any]
    told: Mapping[str, Any]
    digest: str
    repeat_key: str


def operation(
    described: Operation,
) -> Callable[[Callable[Concatenate[Any, P], HttpResponse]], View]:
    """Let in whoever shows a good token, to do just that."""

    def decorate(view: Callable[Concatenate[Any, P], HttpResponse]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in described.methods:
                allowed = ", ".join(described.methods)
                raise answers.method_not_allowed(request, allowed)
            known = cast("ApiWorkspaceRequest", request)
            if not described.is_open:
                known.bearer = bearers.identify(request, now=timezone.now())
            with _placed(known, described, kwargs):
                _read(known, described)
                return view(known, *args, **kwargs)

        told: Any = guarded
        told.operations = {described.method: described}  # read by openapi
        return guarded

    return decorate


def resource(*views: View) -> View:
    """One address that is asked by several methods, each by the view of its operation."""
    operations: dict[str, Operation] = {}
    by_method: dict[str, View] = {}
    for view in views:
        for described in cast("Any", view).operations.values():
            operations[described.method] = described
            by_method |= dict.fromkeys(described.methods, view)

    def chosen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = by_method.get(str(request.method))
        if view is None:
            raise answers.method_not_allowed(request, ", ".join(by_method))
        return view(request, *args, **kwargs)

    told: Any = chosen
    told.operations = operations
    return chosen


def operations_of(view: object) -> dict[str, Operation]:
    """By method; none of a view that is not guarded here."""
    found: dict[str, Operation] = getattr(view, "operations", {})
    return found


def _placed(
    request: ApiWorkspaceRequest, described: Operation, kwargs: dict[str, Any]
) -> AbstractContextManager[None]:
    """The workspace that `slug` names; without one the only workspace of the bearer."""
    if not described.is_of_workspace:
        return nullcontext()
    bearers.demand_reach(request.bearer, described.scopes)
    workspace, held = _place(request.bearer, kwargs.pop("slug", ""))
    if not held.intersection(described.scopes):
        raise answers.insufficient_scope(
            "The token does not reach that far.", described.scopes[0]
        )
    request.workspace = workspace
    return workspace_transaction(workspace.pk)


def _read(request: ApiWorkspaceRequest, described: Operation) -> None:
    request.asked = (
        fields.read_query(described.query, request.GET.dict())
        if described.query
        else {}
    )
    if described.body is None:
        return
    if request.content_type != requests.JSON:
        raise requests.wrong_type()
    if described.is_keyed:
        header = request.headers.get("Idempotency-Key")
        request.repeat_key = requests.idempotency_key(header)
    told = requests.read_body(request)
    request.told = described.body.read(told, "")
    request.digest = requests.digest_of(told)


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
    held = scopes_of(memberships[0].role) & bearers.reach_of(bearer)
    return memberships[0].workspace, held
