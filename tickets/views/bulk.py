"""One change for a selection of tickets: asked about first, then done, then told."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import audit
from accounts import selectors as people
from accounts.http import WorkspaceRequest, client_ip, list_query, requires
from accounts.permissions import Action
from tickets.forms.filters import keys_of
from tickets.forms.tickets import BulkForm, words_of
from tickets.models import Ticket
from tickets.selectors import tickets as selector
from tickets.services import bulk_changes, planning, tickets
from tickets.services.tickets import By
from tickets.views.notification_rules import shown_plan

MOST = 200  # more than a page shows is no selection of somebody who looked at them


@dataclass(slots=True)
class Outcome:
    """What became of a selection. `is_refused`: the person it was meant for may not have it."""

    changed: int = 0
    same: int = 0
    gone: int = 0
    is_refused: bool = False


@require_POST
@requires(Action.EDIT_TICKETS)
def ticket_bulk(request: WorkspaceRequest) -> HttpResponse:
    """Shows what would change and who would be told; with `step=do` changes it, at once."""
    keys = keys_of(request.POST.getlist("ticket"))[:MOST]
    rows = selector.list_by_keys(request.workspace, keys)
    form = BulkForm(
        request.POST.dict(),
        people=people.list_people_who_may(request.workspace, Action.EDIT_TICKETS),
    )
    if not form.is_valid():
        messages.warning(request, _("This change is not possible. Choose another one."))
        return _to_list(request)
    if not rows:
        messages.warning(request, _("Choose at least one ticket."))
        return _to_list(request)
    if not form.changes:
        messages.warning(request, _("Choose what is to change."))
        return _to_list(request)
    if request.POST.get("step") != "do":
        context = {
            "rows": rows,
            "form": form,
            "wanted": _wanted(form),
            "same": sum(_is_so(row, form) for row in rows),
            "plan": _plan(request, rows, form),
        }
        return render(request, "tickets/ticket_bulk.html", context)
    outcome = _do(request, rows, form)
    outcome.gone = len(keys) - len(rows)
    _tell(request, outcome)
    return _to_list(request)


def _plan(
    request: WorkspaceRequest, rows: list[Ticket], form: BulkForm
) -> dict[str, Any] | None:
    """None where no rule tells anybody of it."""
    plan = planning.plan_change(
        request.workspace,
        rows,
        form.changes,  # type: ignore[arg-type]  # names of Changes, read from a form
        now=timezone.now(),
    )
    return shown_plan(plan) if plan.total else None


def _do(request: WorkspaceRequest, rows: list[Ticket], form: BulkForm) -> Outcome:
    now = timezone.now()
    changes = form.changes
    try:
        done = bulk_changes.change_many(
            request.workspace.pk,
            [ticket.pk for ticket in rows],
            changes,  # type: ignore[arg-type]  # names of Changes, read from a form
            by=By(request.user),
            now=now,
        )
    except tickets.NotAMember:
        return Outcome(is_refused=True)
    if done.changed:
        audit.record(
            workspace=request.workspace,
            action="ticket.bulk_changed",
            actor=request.user,
            details={"count": done.changed, "fields": list(changes)},
            ip=client_ip(request),
            now=now,
        )
    return Outcome(changed=done.changed, same=done.same)


def _tell(request: WorkspaceRequest, outcome: Outcome) -> None:
    changed = ngettext(
        "%(count)s ticket changed.", "%(count)s tickets changed.", outcome.changed
    )
    said = [changed % {"count": outcome.changed}]
    if outcome.same:
        same = ngettext(
            "%(count)s was so already.", "%(count)s were so already.", outcome.same
        )
        said.append(same % {"count": outcome.same})
    if outcome.gone:
        gone = ngettext(
            "%(count)s is not there any more.",
            "%(count)s are not there any more.",
            outcome.gone,
        )
        said.append(gone % {"count": outcome.gone})
    if outcome.is_refused:
        said = [_("Nothing changed: the person cannot work on tickets here.")]
    is_odd = outcome.is_refused or outcome.gone
    level = messages.WARNING if is_odd else messages.SUCCESS
    messages.add_message(request, level, " ".join(said))


def _wanted(form: BulkForm) -> list[tuple[str, str]]:
    """The fields that change and what they become, in words."""
    told = form.cleaned_data
    return [
        (str(form.fields[name].label), str(words_of(form.fields[name])[value]))
        for name, value in told.items()
        if value
    ]


def _is_so(ticket: Ticket, form: BulkForm) -> bool:
    return all(getattr(ticket, name) == value for name, value in form.changes.items())


def _to_list(request: WorkspaceRequest) -> HttpResponse:
    page = redirect("tickets:ticket-list", request.workspace.slug)
    query = list_query(request)
    page["Location"] += f"?{query}" if query else ""
    return page
