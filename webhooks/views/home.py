"""A workspace's first page: what needs somebody, how its numbers are, and the figures of a
period, each of which opens its rows.

It looks into every room, so it stands in the one above the others.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, spreadsheets
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from integrations.selectors import channels, number
from webhooks import pulse
from webhooks.views import home_export, home_figures
from whatsapp.forms import moments
from whatsapp.selectors import first_steps, links, periods, sends, unheard
from whatsapp.selectors.periods import Period
from whatsapp.selectors.send_filters import last_day

UNHEARD_SHOWN = 5


@require_safe
@requires(Action.READ)
def home(request: WorkspaceRequest) -> HttpResponse:
    sessions = number.latest_sessions(request.workspace)
    numbers = [
        (one, number.standing(one, sessions.get(one.pk)))
        for one in channels.list_channels(request.workspace)
    ]
    period = _period(request)
    context: dict[str, Any] = {
        "troubled_sends": sends.count_troubled(
            request.workspace, since=last_day(timezone.now())
        ),
        "numbers": numbers,
        "troubled": [row for row in numbers if row[1].is_bad],
        "unheard": unheard.list_chats(
            request.workspace, now=timezone.now(), most=UNHEARD_SHOWN
        ),
        "unheard_days": unheard.LOOKED_BACK.days,
        "steps": first_steps.list_steps(request.workspace),
        "broken_links": links.count_broken(request.workspace),
        "pulse": pulse.read(request.workspace),
        "nobodys": pulse.count_nobodys() if request.user.is_platform_admin else 0,
        "period": period,
        "earlier": period.before_it,
        "presets": list(_presets(period)),
        "ignored": period.ignored,
        "zone": request.workspace.time_zone,
        "query": period.query,
    }
    # The last, since from here on every query is planned anew.
    figures = _figures(request, period)
    context |= figures | {"is_blank": home_figures.is_blank(figures)}
    return render(request, "webhooks/home.html", context)


@require_GET
@requires(Action.READ)
def home_csv(request: WorkspaceRequest) -> HttpResponse:
    """Every figure of the page in one file, a section after the other."""
    period = _period(request)
    figures = _figures(request, period)
    audit.record(
        workspace=request.workspace,
        action="workspace.figures_exported",
        actor=request.user,
        details={"first": str(period.first), "last": str(period.last)},
        ip=client_ip(request),
        now=timezone.now(),
    )
    lines = home_export.lines(figures, period=period, zone=request.workspace.time_zone)
    name = f"figures-{period.first}-{period.last}.csv"
    pieces = iter((spreadsheets.BOM, "".join(lines)))
    return download(request, pieces, name=name, kind="text/csv")


def _figures(request: WorkspaceRequest, period: Period) -> dict[str, Any]:
    return home_figures.read(
        request.workspace, period=period, today=timezone.localdate()
    )


def _period(request: WorkspaceRequest) -> Period:
    return periods.read(
        request.GET,
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
        usual=periods.HOME_USUAL,
        presets=periods.HOME_PRESETS,
        longest=moments.LONGEST.days,
    )


def _presets(period: Period) -> Iterator[tuple[str, str, bool]]:
    """Ready-made periods: name, words, and whether it is the one shown."""
    words = {
        "today": _("Today"),
        "yesterday": _("Yesterday"),
        "7": _("7 days"),
        "30": _("30 days"),
        "month": _("This month"),
    }
    shown = period.preset or ("" if period.asked else periods.HOME_USUAL)
    for name in periods.HOME_PRESETS:
        yield name, words[name], name == shown
