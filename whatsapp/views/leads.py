"""Leads: the list with its filters and its CSV, and what explains one lead's origin."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, paging
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from whatsapp.forms.leads import LeadFilterForm, NoteForm
from whatsapp.models import Attribution
from whatsapp.selectors import (
    duplicates,
    evidence,
    funnel,
    lead_export,
    lead_filters,
    leads,
    silence,
)
from whatsapp.selectors.leads import LeadView
from whatsapp.views import lead_merges, saved_filters


@require_safe
@requires(Action.READ)
def lead_list(request: WorkspaceRequest) -> HttpResponse:
    before = paging.understood(request.GET.get("before", ""))
    form = _filter_form(request)
    filters = form.filter
    asked = request.GET.copy()
    asked.pop("before", None)
    query = asked.urlencode()
    context = {
        "form": form,
        "filters": filters,
        "opens_filters": bool({*filters.names, *form.errors} - {"text", "q"}),
        "query": query,
        # With the page of it, for the way back from a lead.
        "listed": request.GET.urlencode(),
        "pager_query": f"{query}&" if query else "",
        "page": leads.list_leads(request.workspace, before=before, filters=filters),
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
        "saved": saved_filters.context_of(
            request, saved_filters.LEADS, asked=form.asked
        ),
    }
    return render(request, "whatsapp/lead_list.html", context)


@require_GET
@requires(Action.READ)
def lead_export_csv(request: WorkspaceRequest) -> HttpResponse:
    """The leads of the filters in the address, all pages of them.

    With a filter that makes no sense it is the list that answers, which says so: a file
    with more leads than were asked for would not.
    """
    form = _filter_form(request)
    if form.errors:
        page = redirect("whatsapp:lead-list", request.workspace.slug)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    filters = form.filter
    now = timezone.now()
    audit.record(
        workspace=request.workspace,
        action="lead.exported",
        actor=request.user,
        details={"filters": filters.names},
        ip=client_ip(request),
        now=now,
    )
    pieces = lead_export.write(request.workspace, filters=filters)
    day = timezone.localtime(now).date().isoformat()
    return download(request, pieces, name=f"leads-{day}.csv", kind="text/csv")


def _filter_form(request: WorkspaceRequest) -> LeadFilterForm:
    return LeadFilterForm(
        request.GET,
        links=lead_filters.list_slugs(
            request.workspace, asked=request.GET.get("link", "")
        ),
        stages=funnel.stages_in_use(request.workspace),
    )


@require_safe
@requires(Action.READ)
def lead_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    view = leads.find_lead(request.workspace, key=key)
    if view is None:
        raise Http404
    context = {
        "view": view,
        "verdicts": [_verdict(view, one) for one in view.attributions],
        "timeline": _timeline(view),
        "note_form": NoteForm(),
        "suspicions": lead_merges.worded(
            duplicates.list_for_lead(request.workspace, view.lead)
        ),
        "merges": lead_merges.history(view.lead),
        "silence": silence.of_lead(view.lead),
    }
    return render(request, "whatsapp/lead_detail.html", context)


def _verdict(view: LeadView, attribution: Attribution) -> dict[str, object]:
    place = (attribution.channel_id or 0, attribution.message_external_id or "")
    shown = {touch.pk for touch in view.touches}
    steps = evidence.read(attribution.evidence, touches=shown)
    # The touch that won, unless a step leads to it already.
    in_steps = {touch for step in steps for touch in step.touches}
    return {
        "attribution": attribution,
        "steps": steps,
        "message": view.messages.get(place),
        "touch": attribution.touch_id
        if attribution.touch_id in shown - in_steps
        else None,
    }


def _timeline(view: LeadView) -> list[dict[str, object]]:
    """Each touch with the verdicts that named it, for the way back."""
    return [
        {
            "touch": touch,
            "verdicts": [one for one in view.attributions if one.touch_id == touch.pk],
        }
        for touch in view.touches
    ]
