"""Two leads that are one person: found, merged with a reason, taken back; or told apart."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import paging
from accounts.http import WorkspaceRequest, carried_query, client_ip, requires
from accounts.permissions import Action
from whatsapp.forms.merges import (
    CLUE_WORDS,
    STRENGTH_WORDS,
    DuplicateFilterForm,
    MergeForm,
    UndoForm,
)
from whatsapp.models import Lead
from whatsapp.selectors import duplicates, evidence, leads, merges
from whatsapp.selectors.duplicates import Suspicion
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.services import merging

_CONFLICT = 409
_MOST_FOUND = 20
_LEVELS = {"strong": "good", "likely": "info", "possible": "quiet"}
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(Action.READ)
def lead_duplicates(request: WorkspaceRequest) -> HttpResponse:
    """Pairs among the newest leads; the pager looks further back."""
    told = request.GET.get("before", "")
    before = paging.understood(told)
    form = DuplicateFilterForm(request.GET)
    asked = form.asked
    stretch = duplicates.list_pairs(request.workspace, before=before, **asked)
    kept = request.GET.copy()
    kept.pop("before", None)
    query = kept.urlencode()
    ignored = [name for name in ("clue", "strength") if name in form.errors]
    context = {
        "form": form,
        "is_filtered": any(asked.values()),
        "rows": worded(stretch.rows),
        "page": stretch,
        "is_later_page": bool(before),
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "ignored": [*ignored, *(["before"] if told and not before else [])],
    }
    return render(request, "whatsapp/lead_duplicates.html", context)


@form_page
@requires(Action.EDIT_LEADS)
def lead_merge(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Choose the other lead, see what becomes of the two, confirm with a reason.

    The lead of the address stays; `with` goes into it.
    """
    asked = request.POST if request.method == "POST" else request.GET
    other = _other(request, asked.get("with", ""))
    lead = leads.find_editable(request.workspace, key=key)
    if lead is None:
        raise Http404
    if other is not None and _is_done(lead, other):
        messages.success(request, _("The two leads are one now."))
        return _to_lead(request, lead)
    if lead.key != key:
        messages.warning(
            request, _("This lead was merged into another one, which is this.")
        )
        return redirect("whatsapp:lead-merge", request.workspace.slug, lead.key)
    if other is None or other.pk == lead.pk or other.merged_into_id is not None:
        return _choose(request, lead, asked=asked.get("with", ""), other=other)
    return _confirm(request, lead, other)


def _is_done(lead: Lead, other: Lead) -> bool:
    """Sent twice, or somebody was faster with the very same."""
    return lead.pk != other.pk and other.merged_into_id == lead.pk


def _choose(
    request: WorkspaceRequest, lead: Lead, *, asked: str, other: Lead | None
) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    status = 200
    if asked:
        told = _("That lead is not here any more. Choose another one.")
        if other is not None and other.pk == lead.pk:
            told = _("A lead cannot be merged into itself. Choose another one.")
        elif other is not None:
            told = _(
                "That lead was merged into another one meanwhile. Nothing was done."
            )
        messages.warning(request, told)
        status = _CONFLICT if request.method == "POST" else 200
    found = (
        leads.list_leads(
            request.workspace, size=_MOST_FOUND, filters=LeadFilter(text=text)
        ).rows
        if text
        else ()
    )
    context = _about(lead) | {
        "text": text,
        "found": [row for row in found if row.key != lead.key],
        "suspicions": worded(duplicates.list_for_lead(request.workspace, lead)),
    }
    return render(request, "whatsapp/lead_merge_choose.html", context, status=status)


def _confirm(request: WorkspaceRequest, lead: Lead, other: Lead) -> HttpResponse:
    mark, status = merging.mark_of(lead, other), 200
    posted = request.POST.dict() if request.method == "POST" else None
    form = MergeForm(posted, initial={"seen": mark})
    if form.is_bound and form.is_valid():
        try:
            merging.merge(
                other,
                into=lead,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except merging.MergeStale:
            lead.refresh_from_db()
            other.refresh_from_db()
            form.look_again(merging.mark_of(lead, other))
            status = _CONFLICT
        else:
            messages.success(request, _("The two leads are one now."))
            return _to_lead(request, lead)
    rows = leads.find_rows(request.workspace, ids=[lead.pk, other.pk])
    told = merging.preview(other, into=lead)
    context = _about(lead) | {
        "form": form,
        "other": other,
        "stays": rows[lead.pk],
        "goes": rows[other.pk],
        "preview": told,
        "becomes": _becomes(told),
        "moved": told.moved,
        "result_origin": rows[
            other.pk if "attribution_id" in told.changes else lead.pk
        ].origin,
    }
    return render(request, "whatsapp/lead_merge.html", context, status=status)


def _becomes(told: merging.Preview) -> dict[str, Any]:
    """The fields of the lead that stays, as they will be."""
    names = ("name", "email", "stage", "created_at", "first_touch_token")
    return {name: told.changes.get(name, getattr(told.stays, name)) for name in names}


@form_page
@requires(Action.EDIT_LEADS)
def merge_undo(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    merge = merges.find_merge(request.workspace, key=key)
    if merge is None:
        raise Http404
    if merge.undone_at is not None:
        messages.success(request, _("This merge was taken back already."))
        return _to_lead(request, merge.stays)
    form = UndoForm(request.POST.dict() if request.method == "POST" else None)
    status = 200
    if merge.stays.merged_into_id is not None:
        status = _CONFLICT if form.is_bound else 200
    elif form.is_bound and form.is_valid():
        try:
            merging.undo(
                merge,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except merging.MergedOn:
            merge.stays.refresh_from_db()
            status = _CONFLICT
        else:
            messages.success(
                request, _("Taken back: the two leads are apart again, as they were.")
            )
            return _to_lead(request, merge.stays)
    rows = leads.find_rows(request.workspace, ids=[merge.gone_id, merge.stays_id])
    context = _about(merge.stays) | {
        "form": form,
        "merge": merge,
        "goes": rows[merge.gone_id],
        "stays": rows[merge.stays_id],
        "moved": merges.count_moved(merge),
        "later": merge.stays.merged_into,
    }
    return render(request, "whatsapp/lead_merge_undo.html", context, status=status)


@require_POST
@requires(Action.EDIT_LEADS)
def lead_apart(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Not the same person. Said from a lead's page, or from the list with `back=list`."""
    lead = leads.find_editable(request.workspace, key=key)
    if lead is None:
        raise Http404
    other = _other(request, request.POST.get("other", ""))
    if other is None:
        raise Http404
    try:
        merging.tell_apart(
            lead,
            other,
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
    except (merging.MergeStale, merging.SameLead):
        messages.warning(
            request, _("One of the two leads was merged meanwhile. Nothing was kept.")
        )
    else:
        messages.success(
            request, _("Kept: not the same person. It is not suggested any more.")
        )
    if request.POST.get("back") == "list":
        return redirect("whatsapp:lead-duplicates", request.workspace.slug)
    return _to_lead(request, lead, anchor="#duplicates")


def worded(found: Sequence[Suspicion]) -> list[dict[str, object]]:
    """Suspicions with their reasons in the reader's language."""
    return [
        {
            "one": one.one,
            "other": one.other,
            "pair": (one.other, one.one),
            "clues": [CLUE_WORDS[clue] for clue in one.clues],
            "strength": STRENGTH_WORDS[one.strength],
            "level": _LEVELS[one.strength],
        }
        for one in found
    ]


def history(lead: Lead) -> list[dict[str, object]]:
    """Merges of a lead with what spoke for them."""
    return [
        {
            "row": row,
            "merge": row.merge,
            "moved": row.moved,
            "steps": evidence.read(row.merge.evidence),
        }
        for row in merges.list_merges(lead)
    ]


def _about(lead: Lead) -> dict[str, Any]:
    return {"lead": lead, "person": leads.person_of(lead, leads.list_identities(lead))}


def _other(request: WorkspaceRequest, told: str) -> Lead | None:
    """The lead that is named in a query or a body, as it is now."""
    try:
        key = uuid.UUID(told)
    except ValueError:
        return None
    found: Lead | None = (
        Lead.objects.for_workspace(request.workspace)
        .select_related("workspace")
        .filter(key=key)
        .first()
    )
    return found


def _to_lead(
    request: WorkspaceRequest, lead: Lead, *, anchor: str = ""
) -> HttpResponse:
    page = reverse("whatsapp:lead-detail", args=[request.workspace.slug, lead.key])
    return redirect(page + carried_query(request) + anchor)
