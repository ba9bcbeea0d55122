"""Leads, and what explains their origin."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from whatsapp.selectors import evidence, leads


@require_safe
@requires(Action.READ)
def lead_list(request: WorkspaceRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    context = {
        "page": leads.list_leads(request.workspace, before=before),
        "is_later_page": bool(before),
    }
    return render(request, "whatsapp/lead_list.html", context)


@require_safe
@requires(Action.READ)
def lead_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    view = leads.find_lead(request.workspace, key=key)
    if view is None:
        raise Http404
    verdicts = [
        {"attribution": one, "steps": evidence.read(one.evidence)}
        for one in view.attributions
    ]
    return render(
        request, "whatsapp/lead_detail.html", {"view": view, "verdicts": verdicts}
    )
