"""What tracked links brought: the comparison, the rows behind each number, files of both."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts import paging
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from whatsapp.forms.links import WonStagesForm
from whatsapp.models import CheckState, TrackedLink
from whatsapp.selectors import funnel, funnel_export, periods
from whatsapp.selectors import links as links_selector
from whatsapp.selectors.periods import Period
from whatsapp.services import funnel_stages

_MOST_PAGES = 10_000


def find(request: WorkspaceRequest, key: uuid.UUID) -> TrackedLink:
    link = links_selector.find_by_key(request.workspace, key)
    if link is None:
        raise Http404
    return link


def period_of(request: WorkspaceRequest, *, now: datetime) -> Period:
    zone = timezone.get_current_timezone()
    return periods.read(request.GET.dict(), now=now, zone=zone)


# --- comparing them -----------------------------------------------------------------
@require_safe
@requires(Action.READ)
def link_list(request: WorkspaceRequest) -> HttpResponse:
    period = period_of(request, now=timezone.now())
    order, ignored = _order(request)
    won = funnel.won_stages(request.workspace)
    ranking = links_selector.rank(request.workspace, period=period, won=won, **order)
    kept = {"check": order["check"]} | dict(period.asked)
    context = {
        "ranking": ranking,
        "period": period,
        "presets": periods.PRESETS,
        "usual_period": periods.USUAL,
        "order": order,
        "columns": _columns(order, kept),
        "sort_query": _query({"check": order["check"]} | _sort_query(order)),
        "hidden": list(({"check": order["check"]} | _sort_query(order)).items()),
        "check": order["check"],
        "previous": ranking.page - 1,
        "next": ranking.page + 1 if ranking.page < ranking.pages else 0,
        "ignored": (*period.ignored, *ignored),
        "page_query": _query(kept | _sort_query(order)),
        "period_query": period.query,
        "won_stages": won,
        "public_url": settings.PUBLIC_URL,
    }
    return render(request, "whatsapp/link_list.html", context)


def _order(request: WorkspaceRequest) -> tuple[dict[str, Any], list[str]]:
    """What the address asks for, and the names of what it asks for in vain."""
    told, ignored = request.GET, []
    sort = told.get("sort", "")
    name = sort.removeprefix("-")
    if sort and name not in links_selector.SORTS:
        ignored.append("sort")
        sort = name = ""
    check = told.get("check", "")
    if check and check not in CheckState.values:
        ignored.append("check")
        check = ""
    page = told.get("page", "1")
    if not (page.isascii() and page.isdecimal() and 0 < int(page[:9]) <= _MOST_PAGES):
        ignored.append("page")
        page = "1"
    order = {
        "sort": name or "newest",
        "is_reversed": sort.startswith("-"),
        "check": check,
        "page": int(page),
    }
    return order, ignored


def _sort_query(order: dict[str, Any]) -> dict[str, str]:
    sort = f"{'-' if order['is_reversed'] else ''}{order['sort']}"
    return {"sort": "" if sort == "newest" else sort}


def _columns(order: dict[str, Any], kept: dict[str, str]) -> list[dict[str, str]]:
    """The headings that sort: pressed again, a column turns round."""
    words = {
        "name": gettext("Link"),
        "clicks": gettext("Clicks"),
        "conversations": gettext("Conversations"),
        "rate": gettext("Conversations per click"),
        "won": pgettext("leads", "Won"),
    }
    columns = []
    for name, label in words.items():
        is_current = order["sort"] == name
        is_reversed = is_current and not order["is_reversed"]
        falls = (name != "name") != order["is_reversed"]
        columns.append(
            {
                "name": name,
                "label": label,
                "query": _query(kept | {"sort": f"{'-' if is_reversed else ''}{name}"}),
                "aria": ("descending" if falls else "ascending") if is_current else "",
            }
        )
    return columns


def _query(told: dict[str, str]) -> str:
    return urlencode({name: value for name, value in told.items() if value})


@require_GET
@requires(Action.READ)
def link_export(request: WorkspaceRequest) -> HttpResponse:
    """Every link of the list, in its order."""
    now = timezone.now()
    period = period_of(request, now=now)
    order, _ = _order(request)
    ranking = links_selector.rank(
        request.workspace,
        period=period,
        won=funnel.won_stages(request.workspace),
        size=None,
        **order,
    )
    pieces = funnel_export.comparison(ranking.rows, period=period)
    return _file(request, pieces, "links", period)


# --- one link ---------------------------------------------------------------------
@require_GET
@requires(Action.READ)
def link_funnel(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The figures of a link over time."""
    link = find(request, key)
    period = period_of(request, now=timezone.now())
    found = funnel.read(link, period=period, workspace=request.workspace)
    pieces = funnel_export.over_time(found)
    return _file(request, pieces, f"link-{link.slug}", period)


def _file(
    request: WorkspaceRequest, pieces: Iterator[str], name: str, period: Period
) -> HttpResponse:
    name = f"{name}-{period.first.isoformat()}-{period.last.isoformat()}.csv"
    return download(request, pieces, name=name, kind="text/csv")


@require_safe
@requires(Action.READ)
def link_clicks(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link, context = _listed(request, key)
    context["page"] = links_selector.list_clicks(
        link, period=context["period"], before=context["before"]
    )
    return render(request, "whatsapp/link_clicks.html", context)


@require_safe
@requires(Action.READ)
def link_conversations(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link, context = _listed(request, key)
    context["page"] = links_selector.list_brought(
        link, period=context["period"], before=context["before"]
    )
    return render(request, "whatsapp/link_conversations.html", context)


@require_safe
@requires(Action.READ)
def link_won(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link, context = _listed(request, key)
    won = funnel.won_stages(request.workspace)
    context["won_stages"] = won
    context["page"] = links_selector.list_brought(
        link, period=context["period"], won=won, before=context["before"]
    )
    return render(request, "whatsapp/link_won.html", context)


def _listed(
    request: WorkspaceRequest, key: uuid.UUID
) -> tuple[TrackedLink, dict[str, Any]]:
    """What the lists behind a link's numbers have in common."""
    link = find(request, key)
    before = paging.understood(request.GET.get("before", ""), is_keyed=False)
    period, ignored = periods.read_if_asked(
        request.GET.dict(), now=timezone.now(), zone=timezone.get_current_timezone()
    )
    if request.GET.get("before") and not before:
        ignored = (*ignored, "before")
    query = period.query if period else ""
    return link, {
        "link": link,
        "before": before,
        "period": period,
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_later_page": bool(before),
        "ignored": ignored,
    }


# --- what counts as won -------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.EDIT_LINKS)
def won_stages(request: WorkspaceRequest) -> HttpResponse:
    counted = funnel.won_stages(request.workspace)
    stages = sorted({*funnel.stages_in_use(request.workspace), *counted})
    if request.method != "POST":
        form = WonStagesForm(initial={"won": counted}, stages=stages)
        return _won_form(request, form, stages)
    form = WonStagesForm(request.POST, stages=stages)
    if not form.is_valid():
        return _won_form(request, form, stages)
    funnel_stages.choose(
        request.workspace,
        won=form.cleaned_data["won"],
        actor=request.user,
        ip=client_ip(request),
        now=timezone.now(),
    )
    messages.success(request, gettext("Saved. The figures count so from now on."))
    return redirect("whatsapp:link-list", request.workspace.slug)


def _won_form(
    request: WorkspaceRequest, form: WonStagesForm, stages: list[str]
) -> HttpResponse:
    context = {"form": form, "stages": stages}
    return render(request, "whatsapp/link_won_stages.html", context)
