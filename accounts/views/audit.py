"""The audit log of a workspace: read, filtered, taken along as a file, and proven."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts import audit
from accounts.audit import AuditReport
from accounts.audit_words import PROBLEMS
from accounts.forms.audit import AuditFilterForm
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.models import Workspace
from accounts.permissions import Action
from accounts.selectors import audit_log, members
from accounts.selectors.audit_log import AuditFilter
from accounts.vault.cipher import VaultError

_LIST = "accounts:settings-audit"
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
Writer = Callable[..., Iterator[str]]


@require_safe
@requires(Action.READ_AUDIT)
def audit_list(request: WorkspaceRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    told = request.GET.get("before", "")
    before = int(told) if _NUMBER.fullmatch(told) else None
    page = None
    if form.is_valid():
        page = audit_log.list_page(
            request.workspace, filters=form.filter, before=before
        )
    asked = request.GET.copy()
    asked.pop("before", None)
    query = asked.urlencode()
    context = {
        "form": form,
        "page": page,
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_filtered": bool(form.errors) or bool(page and form.filter.names),
        "is_later_page": before is not None,
        "ignored": ("before",) if told and before is None else (),
        "people": [one.user.email for one in members.list_members(request.workspace)],
    }
    return render(request, "accounts/settings/audit.html", context)


@require_GET
@requires(Action.READ_AUDIT)
def audit_csv(request: WorkspaceRequest) -> HttpResponse:
    return _export(request, audit_log.write_csv, "csv", "text/csv")


@require_GET
@requires(Action.READ_AUDIT)
def audit_json_lines(request: WorkspaceRequest) -> HttpResponse:
    return _export(request, audit_log.write_json_lines, "jsonl", "application/x-ndjson")


@require_POST
@requires(Action.READ_AUDIT)
def audit_verify(request: WorkspaceRequest) -> HttpResponse:
    """Walk the whole chain, say what was found, and record that it was asked."""
    report = audit.verify(request.workspace)
    # A chain whose key does not open takes no entry: the report says so already.
    with suppress(VaultError):
        _record(
            request,
            "audit.verified",
            {
                "entries": report.entries,
                "intact": report.is_intact,
                "broken_at": report.broken_at,
            },
        )
    if report.is_intact:
        messages.success(request, _intact(request.workspace, report))
    else:
        messages.error(request, _broken(report))
    return redirect(_LIST, request.workspace.slug)


def _export(
    request: WorkspaceRequest, write: Writer, name: str, kind: str
) -> HttpResponse:
    """The entries of the filter in the address, all pages of them.

    With a filter that makes no sense it is the page that answers, which says so.
    """
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        page = redirect(_LIST, request.workspace.slug)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    filters: AuditFilter = form.filter
    _record(request, "audit.exported", {"format": name, "filters": filters.names})
    day = timezone.localdate().isoformat()
    pieces = write(request.workspace, filters=filters)
    return download(
        request,
        pieces,
        name=f"audit-{request.workspace.slug}-{day}.{name}",
        kind=kind,
    )


def _record(request: WorkspaceRequest, action: str, details: dict[str, object]) -> None:
    audit.record(
        workspace=request.workspace,
        action=action,
        actor=request.user,
        details=details,
        ip=client_ip(request),
        now=timezone.now(),
    )


def _intact(workspace: Workspace, report: AuditReport) -> str:
    started = audit_log.started_at(workspace)
    told = ngettext(
        "Intact: %(count)s entry since %(day)s, none changed, none missing.",
        "Intact: %(count)s entries since %(day)s, none changed, none missing.",
        report.entries,
    )
    return told % {
        "count": number_format(report.entries),
        "day": date_format(timezone.localtime(started), "SHORT_DATE_FORMAT"),
    }


def _broken(report: AuditReport) -> str:
    return gettext(
        "Broken at number %(number)s: %(problem)s. Intact before it: %(count)s. "
        "Keep a copy of the database and tell whoever runs this installation."
    ) % {
        "number": report.broken_at,
        "problem": PROBLEMS.get(report.problem, report.problem),
        "count": number_format(report.entries),
    }
