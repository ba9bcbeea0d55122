"""The way into a workspace's settings, the workspace's own page, and its applications."""

import zoneinfo
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import settings_pages
from accounts.forms.workspace import WorkspaceForm, time_zones
from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from accounts.services import workspaces
from accounts.services.workspaces import Settings


@require_safe
@requires(Action.READ)
def home(request: WorkspaceRequest) -> HttpResponse:
    pages = settings_pages.list_pages(request.membership.role)
    return render(request, "accounts/settings/home.html", {"pages": pages})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_WORKSPACE)
def workspace(request: WorkspaceRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, WorkspaceForm.of(request.workspace))
    form = WorkspaceForm(request.POST)
    if not form.is_valid():
        return _form(request, form)
    wanted = form.wanted
    shortened = workspaces.shortened(request.workspace, wanted)
    if shortened and "confirmed" not in request.POST:
        return _ask(request, form, wanted, shortened)
    changed = workspaces.change(
        request.workspace,
        wanted,
        actor=request.user,
        ip=client_ip(request),
        now=timezone.now(),
    )
    told = gettext("Saved.") if changed else gettext("Nothing was different.")
    messages.success(request, told)
    return redirect("accounts:settings-workspace", request.workspace.slug)


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def applications(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "central_url": settings.CENTRAL_URL,
        "server_url": settings.OAUTH["issuer"] if settings.OAUTH else "",
    }
    return render(request, "accounts/settings/applications.html", context)


def _form(request: WorkspaceRequest, form: WorkspaceForm) -> HttpResponse:
    context = {"form": form, "time_zones": time_zones()}
    return render(request, "accounts/settings/workspace.html", context)


def _ask(
    request: WorkspaceRequest, form: WorkspaceForm, wanted: Settings, names: list[str]
) -> HttpResponse:
    """What was kept so far and would go: said before it does, with the day up to which."""
    now = timezone.now()
    # The new zone may be the other thing that changes; the day is counted in it.
    zone = zoneinfo.ZoneInfo(wanted.time_zone)
    losses = {
        name: _day_before(now, getattr(wanted, name), zone=zone) for name in names
    }
    context = {"form": form, "wanted": wanted, "losses": losses}
    return render(request, "accounts/settings/workspace_confirm.html", context)


def _day_before(now: datetime, days: int, *, zone: zoneinfo.ZoneInfo) -> datetime:
    return (now - timedelta(days=days)).astimezone(zone)
