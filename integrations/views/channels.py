"""Our numbers, and how each is doing."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.providers import registry
from integrations.selectors import channels


@require_safe
@requires(Action.READ)
def channel_list(request: WorkspaceRequest) -> HttpResponse:
    rows = [
        {"channel": channel, "provider": _label(channel.provider)}
        for channel in channels.list_channels(request.workspace)
    ]
    return render(request, "integrations/channel_list.html", {"rows": rows})


def _label(slug: str) -> str:
    """A number stays listed after its provider was switched off."""
    try:
        return registry.get(slug).label
    except registry.UnknownProvider:
        return slug
