"""A workspace's first page: its numbers and what today brought."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.selectors import channels
from whatsapp.selectors import today


@require_safe
@requires(Action.READ)
def home(request: WorkspaceRequest) -> HttpResponse:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "channels": list(channels.list_channels(request.workspace)),
        "today": today.summarize(request.workspace, since=midnight),
        "midnight": midnight,
    }
    return render(request, "whatsapp/home.html", context)
