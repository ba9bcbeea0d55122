"""Typed requests for view signatures, and the decorator that guards a workspace's pages."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts import addresses
from accounts.models import Membership, User, Workspace
from accounts.permissions import Action, may
from accounts.scoping import workspace_transaction

P = ParamSpec("P")
_LONGEST_QUERY = 1000


class WorkspaceRequest(HttpRequest):
    """A request inside a workspace by one of its members."""

    htmx: HtmxDetails
    user: User
    workspace: Workspace
    membership: Membership
    memberships: list[Membership]


def requires(
    action: Action, *, own_transactions: str = ""
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let members in whose role allows `action`. To outsiders the page does not exist.

    The middleware has put the workspace and the membership on the request; see there. The
    view runs inside the workspace's transaction, and sees no row of another one. A view
    that waits for the outside world must not hold one: it says why in `own_transactions`,
    and opens its own where it reads and writes. What streams does so too.
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
            inside = (
                nullcontext()
                if own_transactions
                else workspace_transaction(membership.workspace_id)
            )
            with inside:
                return view(request, *args, **kwargs)  # type: ignore[arg-type]  # the middleware made it one

        guarded.required_action = action  # type: ignore[attr-defined]  # read by the URL walk of the tests
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)

    return decorate


def platform_admin(request: HttpRequest) -> User:
    """Who asks, when that is an admin of the platform. To others its pages do not exist."""
    user = request.user
    if not isinstance(user, User) or not user.is_platform_admin:
        raise Http404
    return user


def came_from(request: HttpRequest) -> str:
    """The page of ours this one was reached from, as a path; empty where none is known."""
    told = urlsplit(request.headers.get("Referer", ""))
    if told.netloc != request.get_host() or told.path == request.path:
        return ""
    way = f"{told.path}?{told.query}" if told.query else told.path
    is_ours = url_has_allowed_host_and_scheme(way, allowed_hosts=None)
    return way if is_ours else ""


def list_query(request: HttpRequest) -> str:
    """The filters of the list a page was opened from, which its row's link carried along.

    `from` holds a query, never an address, so that a link made by somebody else leads to
    that list at worst.
    """
    told = request.GET.get("from", "")
    return QueryDict(told).urlencode() if 0 < len(told) <= _LONGEST_QUERY else ""


def carried_query(request: HttpRequest) -> str:
    """`?from=…` for links between the pages of one row, so that the way back lasts."""
    query = list_query(request)
    return f"?{urlencode({'from': query})}" if query else ""


def download(
    request: HttpRequest, pieces: Iterator[str], *, name: str, kind: str
) -> HttpResponse:
    """A file that is written while it is sent, and kept by nobody on the way."""
    return stream(
        request,
        (piece.encode() for piece in pieces),
        {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def stream(
    request: HttpRequest,
    pieces: Iterator[bytes],
    headers: Mapping[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    """An answer that is read while it is sent, by either kind of server."""
    is_async = isinstance(request, ASGIRequest)
    answer = StreamingHttpResponse(
        _in_turn(pieces) if is_async else pieces, status=status, headers=dict(headers)
    )
    if is_async or status == 206:
        # Django's GZipMiddleware makes an archive of its own of each piece here, and
        # browsers read the first one alone: the file would end after it, without a word.
        # A part of a file is counted in bytes of the file itself.
        answer.headers["Content-Encoding"] = "identity"
    return cast("HttpResponse", answer)  # a relative of it; the guards only pass it on


async def _in_turn(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece under ASGI, where Django reads a plain iterator whole first."""
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece


def too_many(request: HttpRequest, seconds: int, *, is_guess: bool) -> HttpResponse:
    """The page of whoever is over a limit, with when to come back."""
    context = {
        "seconds": seconds,
        "minutes": -(-seconds // 60),
        "is_guess": is_guess,
    }
    response = render(request, "429.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response


def client_ip(request: HttpRequest) -> str | None:
    """The visitor's address; forwarded ones count from TRUSTED_PROXIES alone."""
    return addresses.visitor(
        request.META.get("REMOTE_ADDR"),
        request.headers.get("X-Forwarded-For", ""),
        settings.TRUSTED_PROXIES,
    )


def neighbourhood(request: HttpRequest) -> str:
    """What limits by address count a visitor as."""
    return addresses.neighbourhood(client_ip(request))
