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
from integrations.selectors import channels, number
from webhooks import pulse
from whatsapp.selectors import links, sends, today, unheard
from whatsapp.selectors.send_filters import last_day

UNHEARD_SHOWN = 5


@require_safe
@requires(Action.READ)
def home(request: WorkspaceRequest) -> HttpResponse:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    sessions = number.latest_sessions(request.workspace)
    numbers = [
        (one, number.standing(one, sessions.get(one.pk)))
        for one in channels.list_channels(request.workspace)
    ]
    context = {
        "troubled_sends": sends.count_troubled(
            request.workspace, since=last_day(timezone.now())
        ),
        "numbers": numbers,
        "troubled": [row for row in numbers if row[1].is_bad],
        "unheard": unheard.list_chats(
            request.workspace, now=timezone.now(), most=UNHEARD_SHOWN
        ),
        "unheard_days": unheard.LOOKED_BACK.days,
        "today": today.summarize(request.workspace, since=midnight),
        "week": today.count_origins(
            request.workspace, since=midnight - timedelta(days=6)
        ),
        "steps": today.first_steps(request.workspace),
        "broken_links": links.count_broken(request.workspace),
        "pulse": pulse.read(request.workspace),
        "nobodys": pulse.count_nobodys() if request.user.is_platform_admin else 0,
        "midnight": midnight,
        "week_from": midnight - timedelta(days=6),
    }
    return render(request, "webhooks/home.html", context)
