"""Where a webhook page stands: in a workspace, or on the platform's own pages."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.http import WorkspaceRequest, platform_admin
from accounts.models import User
from accounts.permissions import Action, may
from accounts.scoping import NOBODY, workspace_transaction
from webhooks import inbox_pages
from webhooks.inbox_pages import Scope
from webhooks.models import RawWebhook

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows a page shows, and whether the reader may act on them."""

    scope: Scope
    user: User
    may_operate: bool

    def url(self, name: str, key: uuid.UUID | None = None) -> str:
        kwargs: dict[str, Any] = {} if key is None else {"key": key}
        if self.scope is None:
            return reverse(f"platform:{name}", kwargs=kwargs)
        kwargs["workspace_slug"] = self.scope.slug
        return reverse(f"webhooks:{name}", kwargs=kwargs)

    def row(self, key: uuid.UUID) -> RawWebhook:
        """The row of this key, or the 404 of one that never was."""
        row = inbox_pages.find_row(self.scope, key=key)
        if row is None:
            raise Http404
        return row

    def context(self) -> dict[str, Any]:
        base = "base_app.html" if self.scope else "base_platform.html"
        return {
            "base": base,
            "list_url": self.url("webhook-list"),
            "replay_url": self.url("webhook-replay"),
            "may_operate": self.may_operate,
            "is_platform": self.scope is None,
        }


def in_workspace(request: WorkspaceRequest) -> Place:
    may_operate = may(request.membership.role, Action.OPERATE_INBOX)
    return Place(request.workspace, request.user, may_operate)


def on_platform(
    view: Callable[Concatenate[HttpRequest, Place, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page of the platform, about rows of no workspace. To everybody else it does not exist."""

    @wraps(view)
    def guarded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        user = platform_admin(request)
        with workspace_transaction(NOBODY):
            return view(request, Place(None, user, may_operate=True), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)
