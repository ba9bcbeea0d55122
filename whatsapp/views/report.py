"""The attribution report: where the leads of a period came from, and why some say nothing.

Every number is a link to the lead list with the filters that give exactly its rows.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, spreadsheets
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from accounts.spreadsheets import Sheet
from whatsapp import report_words
from whatsapp.forms.report import ReportForm
from whatsapp.selectors import report
from whatsapp.selectors.lead_filters import ANY, COUNTED, NONE
from whatsapp.selectors.report import Counts, Report

PAGE_SIZE = 50
_PRESETS = (7, 30, 90, 365)
_ALL = {"origin": COUNTED}
_FOUND = {"origin": ANY}
_WITHOUT = {"origin": NONE}


@require_safe
@requires(Action.READ)
def attribution_report(request: WorkspaceRequest) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {"form": form, "zone": request.workspace.time_zone}
    if form.is_valid():
        context |= _shown(request, form)
    return render(request, "whatsapp/report.html", context)


@require_GET
@requires(Action.READ)
def attribution_report_csv(request: WorkspaceRequest) -> HttpResponse:
    """What the page shows, all groups of it. A period that makes no sense is told there."""
    form = _form(request)
    if not form.is_valid():
        page = redirect("whatsapp:lead-report", request.workspace.slug)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    counted = report.count(request.workspace, by=form.by_name, period=form.period)
    audit.record(
        workspace=request.workspace,
        action="lead.report_exported",
        actor=request.user,
        details={"by": form.by_name},
        ip=client_ip(request),
        now=timezone.now(),
    )
    since, until = form.days
    pieces = "".join(_lines(counted, form=form, zone=request.workspace.time_zone))
    name = f"origins-{form.by_name}-{since}-{until}.csv"
    return download(
        request, iter((spreadsheets.BOM, pieces)), name=name, kind="text/csv"
    )


def _form(request: WorkspaceRequest) -> ReportForm:
    return ReportForm(request.GET, today=timezone.localdate())


def _shown(request: WorkspaceRequest, form: ReportForm) -> dict[str, Any]:
    counted = report.count(request.workspace, by=form.by_name, period=form.period)
    cells = _Cells(request.workspace.slug, form)
    last_page = max(1, -(-len(counted.groups) // PAGE_SIZE))
    page = min(form.page_number, last_page)
    since, until = form.days
    return {
        "report": counted,
        "by": form.by_name,
        "heading": report_words.HEADINGS[form.by_name],
        "since": since,
        "until": until,
        "earlier": form.earlier_days,
        "groups": [
            {
                "group": one,
                "title": report_words.title(one, by=form.by_name),
                "note": report_words.note(one, by=form.by_name),
                "is_silent": not one.name and one.kind != "ad",
                **cells.of(one.counts, one.filters),
            }
            for one in counted.groups[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        ],
        "reasons": [
            {
                "reason": one,
                "advice": report_words.ADVICE[one.cause],
                **cells.of(one.counts, _WITHOUT | {"reason": one.cause}),
            }
            for one in counted.reasons
        ],
        "found": cells.of(counted.found, _FOUND),
        "without": cells.of(counted.without, _WITHOUT),
        "total": cells.of(counted.total, _ALL, certain=_FOUND),
        "tabs": [(by, words, form.link(by=by)) for by, words in _tabs()],
        "presets": [(days, form.link(days=days)) for days in _PRESETS],
        "preset": (until - since).days + 1 if until == form.today else 0,
        "query": form.link(),
        "newer": form.link(page=page - 1) if page > 1 else "",
        "older": form.link(page=page + 1) if page < last_page else "",
    }


def _tabs() -> Iterator[tuple[str, report_words.Words]]:
    return ((by, report_words.HEADINGS[by]) for by in report.GROUPINGS)


class _Cells:
    """The numbers of a row, each with the address of the leads that it counts."""

    def __init__(self, slug: str, form: ReportForm) -> None:
        self._list = reverse("whatsapp:lead-list", kwargs={"workspace_slug": slug})
        self._days = _as_query(form.days)
        self._earlier = _as_query(form.earlier_days)

    def of(
        self,
        counts: Counts,
        filters: dict[str, str],
        *,
        certain: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """`certain` are the filters of the two that only leads with an origin count for."""
        sure = filters if certain is None else certain
        rows = {
            "leads": (counts.leads, filters),
            "certain": (counts.certain, sure | {"confidence": "certain"}),
            "probable": (counts.probable, sure | {"confidence": "probable"}),
            "talked": (counts.talked, filters | {"talk": "1"}),
            "won": (counts.won, filters | {"won": "1"}),
        }
        told: dict[str, Any] = {
            name: (number, f"{self._list}?{urlencode(asked | self._days)}")
            for name, (number, asked) in rows.items()
        }
        return told | {
            "earlier": (
                counts.earlier,
                f"{self._list}?{urlencode(filters | self._earlier)}",
            ),
            "counts": counts,
        }


def _as_query(days: tuple[Any, Any]) -> dict[str, str]:
    return {"since": str(days[0]), "until": str(days[1])}


def _lines(counted: Report, *, form: ReportForm, zone: str) -> Iterator[str]:
    """A heading, the groups, the reasons, the sum."""
    sheet = spreadsheets.sheet()
    since, until = form.days
    yield sheet.line(
        [
            str(report_words.HEADINGS[form.by_name]),
            _("Id or kind"),
            _("Why without origin"),
            _("Leads"),
            _("Certain"),
            _("Probable"),
            _("In conversation"),
            _("Won"),
            _("Won of 100 leads"),
            _("Leads in the period before"),
            _("Period (%(zone)s)") % {"zone": zone},
        ]
    )
    days = f"{since}/{until}"  # as ISO 8601 writes it
    for one in counted.groups:
        names = [
            report_words.title(one, by=form.by_name),
            report_words.note(one, by=form.by_name),
            "",
        ]
        yield sheet.line([*names, *_figures(one.counts, sheet), days])
    for reason in counted.reasons:
        names = [_("Without origin"), "", reason.label]
        yield sheet.line([*names, *_figures(reason.counts, sheet), days])
    yield sheet.line([_("Total"), "", "", *_figures(counted.total, sheet), days])


def _figures(counts: Counts, sheet: Sheet) -> list[str]:
    return [
        str(counts.leads),
        str(counts.certain),
        str(counts.probable),
        str(counts.talked),
        str(counts.won),
        "" if counts.rate is None else sheet.number(counts.rate),
        str(counts.earlier),
    ]
