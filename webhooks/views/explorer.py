"""The webhook explorer: the list with its live tail, and one request with what it led to."""

import re
import uuid
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations import exhibit
from webhooks import inbox_pages, words
from webhooks.forms import FilterForm, ParkForm
from webhooks.inbox_admin import PARKABLE, REPLAYABLE
from webhooks.models import RawState, RawWebhook
from webhooks.views import events
from webhooks.views.place import Place, in_workspace

LARGEST_ID = 2**63 - 1
_POSITIONS = ("before", "after", "live", "replayed")
# `?replayed=<rows>-<the last of them>`: what a replay still has before it.
_REPLAYED = re.compile(r"(\d{1,9})-(\d{1,18})", re.ASCII)


@require_safe
@requires(Action.READ)
def webhook_list(request: WorkspaceRequest) -> HttpResponse:
    return show_list(request, in_workspace(request))


@require_safe
@requires(Action.READ)
def webhook_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    place = in_workspace(request)
    return show_row(request, place, place.row(key))


def show_list(request: HttpRequest, place: Place) -> HttpResponse:
    progress = _progress(request, place)
    if cast("HtmxDetails", request.htmx) and progress:  # type: ignore[attr-defined]  # the middleware put it there
        context = place.context() | {"progress": progress, "query": _query(request)}
        return render(request, "webhooks/_progress.html", context)
    form = filter_form(place, request.GET)
    after = _position(request, "after")
    if cast("HtmxDetails", request.htmx) and after is not None and form.is_valid():  # type: ignore[attr-defined]  # the middleware put it there
        return _tail(request, place, form, after)
    before = _position(request, "before")
    context = place.context() | {
        "form": form,
        "query": _query(request),
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "is_later_page": before is not None,
        "is_live": "live" in request.GET and before is None,
        "waiting": [
            {
                "one": one,
                "reason": words.reason(one.error),
                "advice": words.advice(one.state, one.error),
            }
            for one in inbox_pages.list_waiting(place.scope)
        ],
        "oldest_open": inbox_pages.oldest_open(place.scope),
        "progress": progress,
        "carried": _carried(request),
    }
    if form.is_valid():
        page = inbox_pages.list_rows(place.scope, form.filters(), before=before)
        rows = _rows(place, page.rows, carried=_carried(request))
        context |= {"page": page, "rows": rows}
    response = render(request, "webhooks/webhook_list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _tail(
    request: HttpRequest, place: Place, form: FilterForm, after: int
) -> HttpResponse:
    """What came in since; 204 leaves the page, and whoever reads it, alone."""
    newer = inbox_pages.list_newer(place.scope, form.filters(), after=after)
    if not newer:
        return HttpResponse(status=204)
    context = place.context() | {
        "rows": _rows(place, newer, carried=_carried(request)),
        "newest": newer[0].pk,
        "query": _query(request),
        "is_more": len(newer) == inbox_pages.TAIL_SIZE,
    }
    return render(request, "webhooks/_tail.html", context)


def show_row(
    request: HttpRequest,
    place: Place,
    row: RawWebhook,
    *,
    shows_people: bool = False,
    park_form: ParkForm | None = None,
) -> HttpResponse:
    told = events.read(place.scope, row, shows_people=shows_people)
    text, is_cut = exhibit.body(
        row.provider, bytes(row.body), shows_people=shows_people
    )
    context = place.context() | {
        "row": row,
        "level": words.LEVELS.get(RawState(row.state), "quiet"),
        "brought": words.outcome(row.outcome),
        "reason": words.reason(row.error),
        "advice": words.advice(row.state, row.error),
        "verdict": words.verdict(is_shared=row.integration_id is None),
        "headers": exhibit.headers(row.provider, row.headers),
        "body": text,
        "body_is_cut": is_cut,
        "size": len(row.body),
        "shows_people": shows_people,
        "told": told,
        "underway": _underway(told, row),
        "took": max(row.done_at - row.received_at, timedelta())
        if row.done_at
        else None,
        "is_open": row.state in (RawState.RECEIVED, RawState.LEASED),
        "may_replay": place.may_operate and row.state in REPLAYABLE,
        "may_park": place.may_operate and row.state in PARKABLE,
        "park_form": park_form or ParkForm(),
        "content_url": place.url("webhook-content", row.key),
        "raw_url": place.url("webhook-raw", row.key),
        "park_url": place.url("webhook-park", row.key),
    }
    response = render(request, "webhooks/webhook_detail.html", context)
    add_never_cache_headers(response)
    return response


def _underway(told: events.Reading, row: RawWebhook) -> timedelta | None:
    """From the newest event at the provider to us; their clock counts whole seconds."""
    moments = [event.at for event in told.events if event.at]
    return max(row.received_at - max(moments), timedelta()) if moments else None


def filter_form(place: Place, data: QueryDict) -> FilterForm:
    return FilterForm(data, connections=inbox_pages.list_connections(place.scope))


def replayed_query(rows: int, last_id: int) -> str:
    """Where the list tells how far a replay has come."""
    return urlencode({"replayed": f"{rows}-{last_id}"})


def _progress(request: HttpRequest, place: Place) -> dict[str, Any] | None:
    """How much of a replay is settled: what is open up to its last row still is not."""
    told = _REPLAYED.fullmatch(request.GET.get("replayed", ""))
    if told is None or int(told[1]) == 0:
        return None
    rows, last_id = int(told[1]), int(told[2])
    left = min(rows, inbox_pages.count_open(place.scope, up_to=last_id))
    return {"rows": rows, "settled": rows - left, "left": left, "told": told[0]}


def _carried(request: HttpRequest) -> str:
    """What a row's link takes along, so that its page leads back to this list."""
    query = _query(request).removesuffix("&")
    before = _position(request, "before")
    if before is not None:
        query = f"{query}&before={before}".lstrip("&")
    return f"?{urlencode({'from': query})}" if query else ""


def _rows(
    place: Place, rows: list[RawWebhook], *, carried: str
) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "url": place.url("webhook-detail", row.key) + carried,
            "level": words.LEVELS.get(RawState(row.state), "quiet"),
            "brought": words.outcome(row.outcome),
            "reason": words.reason(row.error),
            "may_choose": place.may_operate and row.state in REPLAYABLE,
        }
        for row in rows
    ]


def _query(request: HttpRequest) -> str:
    """The filters of this address, without the place in the list; ends with `&`."""
    kept = request.GET.copy()
    for name in (
        *_POSITIONS,
        *(name for name, value in request.GET.items() if not value),
    ):
        kept.pop(name, None)
    return f"{kept.urlencode()}&" if kept else ""


def _position(request: HttpRequest, name: str) -> int | None:
    """A place in the list; nonsense is none."""
    told = request.GET.get(name, "")
    if not (told.isascii() and told.isdigit() and len(told) < 20):
        return None
    return min(int(told), LARGEST_ID)
