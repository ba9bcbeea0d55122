"""A workspace's first page: what today brought, and what needs somebody.

It looks into every room, so it stands in the one above the others.
"""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.models import ChannelState
from integrations.selectors import channels
from webhooks import pulse
from whatsapp.selectors import today

_TROUBLED = (ChannelState.DISCONNECTED, ChannelState.DEGRADED)


@require_safe
@requires(Action.READ)
def home(request: WorkspaceRequest) -> HttpResponse:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    numbers = list(channels.list_channels(request.workspace))
    context = {
        "channels": numbers,
        "troubled": [
            one for one in numbers if one.is_active and one.state in _TROUBLED
        ],
        "today": today.summarize(request.workspace, since=midnight),
        "week": today.count_origins(
            request.workspace, since=midnight - timedelta(days=6)
        ),
        "steps": today.first_steps(request.workspace),
        "pulse": pulse.read(request.workspace),
        "nobodys": pulse.count_nobodys() if request.user.is_platform_admin else 0,
        "midnight": midnight,
        "week_from": midnight - timedelta(days=6),
    }
    return render(request, "webhooks/home.html", context)
