"""Everything that people were told about tickets, in figures and row by row."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, paging
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from tickets import notification_words as words
from tickets.forms.notification_log import LogForm
from tickets.selectors import notification_export
from tickets.selectors import notifications as selector
from tickets.selectors.notifications import Line, Told
from whatsapp.selectors import periods
from whatsapp.selectors.periods import Period


@require_safe
@requires(Action.READ)
def notification_list(request: WorkspaceRequest) -> HttpResponse:
    period, form = _read(request)
    filters = form.filter(period)
    before = paging.understood(request.GET.get("before", ""))
    page = selector.list_page(request.workspace, filters, before=before)
    asked = form.asked
    query = urlencode({**period.asked, **asked})
    context = {
        "form": form,
        "period": period,
        "presets": periods.PRESETS,
        "usual_period": periods.USUAL,
        "kept": urlencode(asked),
        "hidden": list(asked.items()),
        "filters": filters,
        "page": page,
        "rows": [Told.of(one) for one in page.rows],
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_later_page": bool(before),
        "ignored": [
            *period.ignored,
            *form.errors,
            *(["before"] if request.GET.get("before") and not before else []),
        ],
        "reason_word": words.reason(filters.reason),
        **_figures(request, form, period),
    }
    return render(request, "tickets/notification_list.html", context)


@require_GET
@requires(Action.READ)
def notification_export_csv(request: WorkspaceRequest) -> HttpResponse:
    """The notifications of the filters in the address, all pages of them."""
    period, form = _read(request)
    filters, now = form.filter(period), timezone.now()
    audit.record(
        workspace=request.workspace,
        action="notification.exported",
        actor=request.user,
        details={"filters": filters.names},
        ip=client_ip(request),
        now=now,
    )
    pieces = notification_export.write(request.workspace, filters)
    name = f"notifications-{period.first}-{period.last}.csv"
    return download(request, pieces, name=name, kind="text/csv")


def _read(request: WorkspaceRequest) -> tuple[Period, LogForm]:
    told = {name: request.GET.get(name, "") for name in ("period", "from", "to")}
    period = periods.read(
        told, now=timezone.now(), zone=timezone.get_current_timezone()
    )
    return period, LogForm(request.GET)


def _figures(
    request: WorkspaceRequest, form: LogForm, period: Period
) -> dict[str, Any]:
    """Every number with the address that opens its rows."""
    figures = selector.figures(request.workspace, form.filter(period))
    kept = {**period.asked, **form.asked}

    def link(**more: str) -> str:
        return urlencode({**kept, **more})

    def lines(found: tuple[Line, ...], name: str) -> list[dict[str, Any]]:
        return [
            {
                "word": _word(name, one.name),
                "line": one,
                "query": link(**{name: one.name}),
                "read_query": link(**{name: one.name}, state="read"),
                "delivered": _share(one.delivered, one.sent),
                "read": _share(one.read, one.sent),
            }
            for one in found
        ]

    return {
        "figures": figures,
        "totals": [
            {"state": words.state(name), "count": number, "query": link(state=name)}
            for name, number in figures.states.most_common()
        ],
        "tables": [
            ("event", lines(figures.by_event, "event")),
            ("path", lines(figures.by_path, "path")),
            ("template", lines(figures.by_template, "template")),
        ],
        "reasons": [
            {
                "word": words.reason(one.code, provider=one.provider),
                "code": one.code,
                "count": one.count,
                "query": link(reason=one.code),
            }
            for one in figures.reasons
        ],
    }


def _word(name: str, value: str) -> str:
    if name == "event":
        return words.event(value)
    return words.path(value) if name == "path" else value


def _share(part: int, whole: int) -> int | None:
    """In whole percent; None where nothing was handed over."""
    return round(100 * part / whole) if whole else None
