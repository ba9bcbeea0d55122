"""Lists page by page: the cursor of a request, the answer with the next one.

The selectors say where a page begins and ends by a position (`accounts.paging`); outside it
is sealed, bound to the list, to its workspace and to its filters.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.http import HttpResponse

from accounts import paging
from accounts.api import answers, cursors
from accounts.api.addresses import IN_WORKSPACE
from accounts.api.guards import ApiWorkspaceRequest
from accounts.api.operations import PAGE, PAGING
from accounts.paging import Page

Row = TypeVar("Row")


def size_of(request: ApiWorkspaceRequest) -> int:
    return int(request.asked.get("limit", PAGE))


def position_of(request: ApiWorkspaceRequest) -> str:
    """Where the page begins, for a selector; nothing for the first one."""
    sealed = request.asked.get("cursor")
    if not sealed:
        return ""
    position = cursors.open_sealed(_place(request), sealed)
    return paging.understood(position, is_keyed=False)


def answer(
    request: ApiWorkspaceRequest,
    page: Page[Row],
    told: Callable[[Row], Mapping[str, Any]],
) -> HttpResponse:
    sealed = cursors.seal(_place(request), page.older) if page.older else None
    address = None
    headers = {}
    if sealed:
        query = request.GET.copy()
        query["cursor"] = sealed
        address = f"{request.path}?{query.urlencode()}"
        headers["Link"] = f'<{address}>; rel="next"'
    body = {
        "data": [told(row) for row in page.rows],
        "next_cursor": sealed,
        "next": address,
    }
    return answers.answer(body, headers=headers)


def _place(request: ApiWorkspaceRequest) -> str:
    """Which list, under which filters: how many of it are shown at once does not matter."""
    filters = sorted(
        (name, str(value))
        for name, value in request.asked.items()
        if name not in PAGING
    )
    match = request.resolver_match
    assert match is not None  # noqa: S101  # the short path has set it
    route = match.route.removeprefix("api/").removeprefix(IN_WORKSPACE)
    keys = sorted((name, str(one)) for name, one in match.kwargs.items())
    named = [pair for pair in keys if pair[0] != "slug"]
    return f"{request.workspace.pk} {route} {named} {filters}"
