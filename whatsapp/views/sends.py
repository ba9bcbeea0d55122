"""The sends page: every send with its filters, figures and file, and one send's whole story."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, paging
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action, may
from integrations.explanations import Explanation
from integrations.models import Channel
from integrations.selectors import channels as numbers
from whatsapp import send_reasons, send_words
from whatsapp.forms import moments
from whatsapp.forms import sends as forms
from whatsapp.forms.sends import SendFilterForm
from whatsapp.models import Shown
from whatsapp.selectors import send_detail as details
from whatsapp.selectors import send_figures, sends, templates_in_use
from whatsapp.selectors.send_figures import Bar, Figures
from whatsapp.selectors.send_filters import SendFilter
from whatsapp.selectors.sends import Holds, ReasonCount, SendRow
from whatsapp.services import resending
from whatsapp.views import send_export

_LONGEST_WORD = 90
_SPAN = frozenset({"period", "since", "until"})
_LAST_PLACE = 10**17  # behind every row of one moment


@require_safe
@requires(Action.READ)
def send_list(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.now()
    channels = list(numbers.list_channels(request.workspace))
    form = filter_form(request, request.GET, channels=channels, now=now)
    filters = form.filter
    before = paging.understood(request.GET.get("before", ""))
    page = sends.list_sends(request.workspace, filters, before=before)
    asked = form.asked
    query = urlencode(asked)
    may_act = may(request.membership.role, Action.REPLY)
    context: dict[str, Any] = {
        "form": form,
        "filters": filters,
        "presets": _presets(asked),
        "preset": form.preset,
        "opens_more": bool(asked.keys() & {"since", "until"} or form.errors),
        "is_narrowed": bool(filters.narrowing),
        "page": page,
        "rows": [_row(one, may_act=may_act) for one in page.rows],
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "carried": urlencode({"from": request.GET.urlencode()}) if request.GET else "",
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
        "may_act": may_act,
        "zone": request.workspace.time_zone,
        **_holds(sends.find_holds(request.workspace), channels),
    }
    if not filters.text:
        context |= _figures(request, form, filters)
    else:
        form.offer_reasons([])
    return render(request, "whatsapp/send_list.html", context)


@require_GET
@requires(Action.READ)
def send_list_csv(request: WorkspaceRequest) -> HttpResponse:
    """The sends of the filters in the address, all pages of them.

    With a filter that makes no sense it is the list that answers, which says so.
    """
    now = timezone.now()
    channels = list(numbers.list_channels(request.workspace))
    form = filter_form(request, request.GET, channels=channels, now=now)
    if form.errors:
        page = redirect("whatsapp:send-list", request.workspace.slug)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    filters = form.filter
    audit.record(
        workspace=request.workspace,
        action="send.exported",
        actor=request.user,
        details={"filters": filters.narrowing},
        ip=client_ip(request),
        now=now,
    )
    pieces = send_export.write(request.workspace, filters)
    day = timezone.localtime(now).date().isoformat()
    return download(request, pieces, name=f"sends-{day}.csv", kind="text/csv")


@require_safe
@requires(Action.READ)
def send_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    view = details.find_send(request.workspace, key=key)
    if view is None:
        raise Http404
    entry, provider = view.entry, view.entry.channel.provider
    role = request.membership.role
    may_act = may(role, Action.REPLY)
    context = {
        "view": view,
        "entry": entry,
        "state": _state(entry.shown),
        "why": send_reasons.why(
            provider, entry.reason, shown=entry.shown, said=entry.detail
        ),
        "steps": [
            {
                "step": step,
                "why": send_reasons.why(provider, step.code, said=step.said),
            }
            for step in view.steps
        ],
        "may_act": may_act,
        "may_send_again": may_act and entry.shown in resending.POSSIBLE["again"],
        "may_drop": may_act and entry.shown in resending.POSSIBLE["drop"],
        "log_url": _log_url(request, view) if may(role, Action.CONNECT) else "",
    }
    return render(request, "whatsapp/send_detail.html", context)


def filter_form(
    request: WorkspaceRequest, data: Any, *, channels: Sequence[Channel], now: datetime
) -> SendFilterForm:
    names = templates_in_use.list_names(
        request.workspace, asked=data.get("template", "")
    )
    return SendFilterForm(data, now=now, channels=channels, templates=names)


def _log_url(request: WorkspaceRequest, view: details.SendView) -> str:
    """The provider's exchanges, from this send's last one backwards."""
    entry = view.entry
    if entry.submitted_at is None:
        return ""
    end = max(entry.settled_at or entry.submitted_at, entry.submitted_at)
    address = reverse(
        "integrations:channel-log",
        kwargs={
            "workspace_slug": request.workspace.slug,
            "key": entry.channel.key,
        },
    )
    return f"{address}?before={paging.write(end, _LAST_PLACE)}"


def _state(shown: str) -> dict[str, str]:
    return {
        "word": str(Shown(shown).label) if shown in Shown.values else shown,
        "level": send_words.level(shown),
    }


def _row(row: SendRow, *, may_act: bool) -> dict[str, Any]:
    possible = {shown for shown_of in resending.POSSIBLE.values() for shown in shown_of}
    return {
        "row": row,
        "state": _state(row.shown),
        "why": send_reasons.why(row.provider, row.reason, shown=row.shown),
        "may_choose": may_act and row.shown in possible,
    }


def _presets(asked: dict[str, str]) -> list[tuple[str, Any, str]]:
    """Ready-made periods, each with the address that keeps the other filters."""
    kept = {
        name: value
        for name, value in asked.items()
        if name not in {"period", "since", "until"}
    }
    return [
        (name, words, urlencode({**kept, "period": name}))
        for name, (words, _span) in forms.PERIODS.items()
    ]


# --- the figures --------------------------------------------------------------------
def _figures(
    request: WorkspaceRequest, form: SendFilterForm, filters: SendFilter
) -> dict[str, Any]:
    starts = send_figures.edges(filters, timezone.get_current_timezone())
    counts = sends.count_by_time(request.workspace, filters, edges=starts)
    figures = send_figures.figures(filters, starts, counts)
    reasons = [
        (one, send_reasons.why(one.provider, one.reason))
        for one in sends.count_reasons(request.workspace, filters)
    ]
    form.offer_reasons([(one.reason, _short(one, why)) for one, why in reasons])
    asked = form.asked
    return {
        "figures": figures,
        "totals": [
            {
                "state": _state(shown),
                "count": count,
                "query": urlencode({**asked, "state": shown}),
            }
            for shown, count in figures.totals.items()
        ],
        "reasons": [
            {
                "why": why,
                "count": one.count,
                "query": urlencode({**asked, "reason": one.reason}),
            }
            for one, why in reasons
        ],
        "columns": [_state(shown) for shown in figures.totals],
        # A week by the hour is long, and few want to read it: it comes when asked for.
        "lines": list(_lines(figures, asked)) if request.GET.get("table") else [],
    }


def _lines(figures: Figures, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The bars as rows of a table, those in which something was sent."""
    kept = urlencode(
        {name: value for name, value in asked.items() if name not in _SPAN}
    )
    before = f"{kept}&" if kept else ""
    states = [
        (
            shown,
            "" if "state" in asked else f"&{urlencode({'state': shown})}",
            _state(shown)["word"],
        )
        for shown in figures.totals
    ]
    for bar in figures.bars:
        if bar.total:
            query = f"{before}{urlencode(_span(bar))}"
            yield {
                "bar": bar,
                "query": query,
                "cells": [
                    (bar.counts.get(shown, 0), f"{query}{narrowed}", word)
                    for shown, narrowed, word in states
                ],
            }


def _span(bar: Bar) -> dict[str, str]:
    return {"since": moments.written(bar.since), "until": moments.written(bar.until)}


def _short(one: ReasonCount, why: Explanation | None) -> str:
    """A reason as a choice: its code, and how its sentence begins."""
    told = f"{one.reason}: {why.sentence}" if why else one.reason
    return told if len(told) <= _LONGEST_WORD else f"{told[: _LONGEST_WORD - 1]}…"


def _holds(holds: Holds, channels: Sequence[Channel]) -> dict[str, Any]:
    """What stands between a promise and its provider at this moment, by name."""
    silent = holds.silent_integrations
    return {
        "is_fenced": holds.is_fenced,
        "paused": [one for one in channels if one.pk in holds.paused_channel_ids],
        "silent": [
            {
                "channel": one,
                "breaker": silent[one.integration_id],
                "why": send_reasons.why(
                    one.provider, silent[one.integration_id].reason
                ),
            }
            for one in channels
            if one.integration_id in silent
        ],
    }
