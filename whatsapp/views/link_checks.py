"""What the daily check says of a link, and the button that asks for it now."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from whatsapp import link_findings
from whatsapp.models import TrackedLink
from whatsapp.selectors import links as links_selector
from whatsapp.services import link_checks
from whatsapp.views.link_figures import find

# So long somebody's check may wait for the worker before the page says that it does.
PATIENCE = timedelta(seconds=60)


def context_of(link: TrackedLink, *, now: datetime) -> dict[str, Any]:
    asked = link.check_asked_at
    return {
        "findings": link_findings.read(link.findings),
        "history": [
            (check, link_findings.read(check.findings))
            for check in links_selector.list_checks(link)
        ],
        "is_checking": asked is not None,
        "is_late": asked is not None and now - asked > PATIENCE,
    }


@require_safe
@vary_on_headers("HX-Request")
@requires(Action.READ)
def link_check(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The check on a page of its own, or as the part of the link's page that asks again."""
    link = find(request, key)
    context = {"link": link} | context_of(link, now=timezone.now())
    template = "_link_check.html" if request.htmx else "link_check.html"
    return render(request, f"whatsapp/{template}", context)


@require_POST
@requires(Action.EDIT_LINKS)
def link_check_now(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    link = find(request, key)
    now = timezone.now()
    link_checks.ask_now(link, actor=request.user, ip=client_ip(request), now=now)
    return redirect("whatsapp:link-check", request.workspace.slug, link.key)
