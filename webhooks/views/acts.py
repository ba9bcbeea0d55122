"""What operators do from the webhook pages: see content, download, replay, park. POST only.

Each asks for the right to operate the inbox and is audited; doing it twice does it once.
"""

import logging
import uuid
from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.permissions import Action
from webhooks import inbox_admin, inbox_pages, rehearsal, words
from webhooks.forms import FilterForm, ParkForm, keys_in
from webhooks.inbox_admin import REPLAYABLE, Actor, Selection
from webhooks.models import RawWebhook
from webhooks.rehearsal import Rehearsal
from webhooks.views.explorer import filter_form, replayed_query, show_row
from webhooks.views.place import Place, in_workspace

logger = logging.getLogger(__name__)

MOST_CHOSEN = 200  # a page has fewer boxes
MOST_REPLAYED = 5000
# A rehearsal holds the workspace's people; a reader waits for it.
MOST_TRIED = 200


@require_POST
@requires(Action.OPERATE_INBOX)
def webhook_content(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    return show_content(request, in_workspace(request), key)


@require_POST
@requires(Action.OPERATE_INBOX)
def webhook_raw(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    return download(request, in_workspace(request), key)


@require_POST
@requires(Action.OPERATE_INBOX)
def webhook_park(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    return park(request, in_workspace(request), key)


@require_POST
@requires(Action.OPERATE_INBOX)
def webhook_replay(request: WorkspaceRequest) -> HttpResponse:
    return replay(request, in_workspace(request))


def show_content(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    row = place.row(key)
    _note(request, place, row, "inbox.content_shown")
    return show_row(request, place, row, shows_people=True)


def download(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    """The bytes as they came, never anything a browser would run."""
    row = place.row(key)
    _note(request, place, row, "inbox.content_downloaded")
    return HttpResponse(
        bytes(row.body),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="webhook-{row.key}.bin"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def park(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    row = place.row(key)
    form = ParkForm(request.POST)
    if not form.is_valid():
        return show_row(request, place, row, park_form=form)
    changed = inbox_admin.park(
        [row.pk], reason=form.cleaned_data["reason"], by=Actor(place.user)
    )
    if changed:
        messages.success(request, _("Parked. It waits here until somebody replays it."))
    else:
        messages.info(request, _("It is finished or parked already; nothing changed."))
    return redirect(place.url("webhook-detail", row.key) + carried_query(request))


def replay(request: HttpRequest, place: Place) -> HttpResponse:
    """First what would change, then, when that is confirmed, the change."""
    ids, form = _chosen(request, place)
    if not ids:
        messages.warning(
            request,
            _(
                "None of these requests can be replayed. Choose finished, parked or unrouted ones."
            ),
        )
        return redirect(place.url("webhook-list"))
    selection = Selection(ids=ids, workspace_id=place.scope.pk if place.scope else None)
    if request.POST.get("step") != "do":
        return _try(request, place, ids, form)
    rows = sum(inbox_admin.replay(selection, by=Actor(place.user)).values())
    told = ngettext(
        "%(n)d request is being processed again.",
        "%(n)d requests are being processed again.",
        rows,
    )
    messages.success(request, told % {"n": rows})
    return redirect(f"{place.url('webhook-list')}?{replayed_query(rows, max(ids))}")


def _chosen(request: HttpRequest, place: Place) -> tuple[list[int], FilterForm | None]:
    """The rows that were ticked, or those a filter shows; never one of another scope."""
    if "range" not in request.POST:
        keys = keys_in(request.POST.getlist("row"), most=MOST_CHOSEN)
        states = inbox_admin.states_of(inbox_pages.ids_of(place.scope, keys))
        return [id_ for id_, state in states.items() if state in REPLAYABLE], None
    form = filter_form(place, request.POST)
    if not form.is_valid():
        return [], form
    ids = inbox_pages.matching_ids(
        place.scope, form.filters(), states=REPLAYABLE, most=MOST_REPLAYED
    )
    return ids, form


def _try(
    request: HttpRequest, place: Place, ids: list[int], form: FilterForm | None
) -> HttpResponse:
    tried = ids[:MOST_TRIED]
    selection = Selection(
        ids=tried, workspace_id=place.scope.pk if place.scope else None
    )
    found: Rehearsal | None
    try:
        found = rehearsal.rehearse(selection)
    except DatabaseError as error:
        logger.warning("rehearsal failed", extra={"error": type(error).__name__})
        found = None
    context = place.context() | {
        "count": len(ids),
        "tried": len(tried),
        "is_cut": len(ids) == MOST_REPLAYED,
        "found": found,
        "states": words.state_counts(found.states) if found else [],
        "difference": words.difference(found.new) if found else [],
        "failing": _failing(found) if found else [],
        "fields": _fields(request, form),
    }
    return render(request, "webhooks/webhook_replay.html", context)


def _failing(found: Rehearsal) -> list[dict[str, Any]]:
    return [
        {"reason": words.reason(reason), "rows": one.rows}
        for reason, one in found.failing.items()
    ]


def _fields(request: HttpRequest, form: FilterForm | None) -> list[tuple[str, str]]:
    """The same rows once more, for the form that confirms; later ones do not join them."""
    if form is None:
        keys = keys_in(request.POST.getlist("row"), most=MOST_CHOSEN)
        return [("row", str(key)) for key in keys]
    filters = form.filters()
    until = filters.until or timezone.now()
    fields = [("range", "1"), ("until", until.isoformat())]
    if filters.since is not None:
        fields.append(("since", filters.since.isoformat()))
    told = form.cleaned_data
    names = ("state", "kind", "integration", "channel")
    return fields + [(name, told[name]) for name in names if told.get(name)]


def _note(request: HttpRequest, place: Place, row: RawWebhook, action: str) -> None:
    """In the workspace's audit trail; a row of nobody has only the log."""
    if place.scope is None:
        logger.warning(
            action, extra={"raw_webhook_id": row.pk, "user_id": place.user.pk}
        )
        return
    audit.record(
        workspace=place.scope,
        action=action,
        actor=place.user,
        target=f"raw webhook {row.key}",
        ip=client_ip(request),
    )
