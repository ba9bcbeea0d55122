"""Our numbers: the list, the page of one, and its exchanges with the provider."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import paging
from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action, may
from accounts.scoping import inside
from integrations import gateway, links
from integrations.models import Channel, Integration, SessionKind
from integrations.providers import registry
from integrations.selectors import channels, connecting, episodes, number
from integrations.services import acts, webhook_urls


@require_safe
@requires(Action.READ)
def channel_list(request: WorkspaceRequest) -> HttpResponse:
    sessions = number.latest_sessions(request.workspace)
    rows = [
        {
            "channel": channel,
            "provider": registry.label_of(channel.provider),
            "standing": number.standing(channel, sessions.get(channel.pk)),
        }
        for channel in channels.list_channels(request.workspace)
    ]
    return render(request, "integrations/channel_list.html", {"rows": rows})


@require_safe
@requires(Action.READ)
def channel_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    session = connecting.find_session(channel)
    before = paging.understood(request.GET.get("before", ""))
    is_open = session is not None and session.is_open
    may_connect = may(request.membership.role, Action.CONNECT)
    context = {
        "channel": channel,
        "session": session,
        "standing": number.standing(channel, session),
        "readings": number.readings(session, now=timezone.now()) if session else [],
        "is_live": session is not None and session.connected_at and is_open,
        "kind": number.kind_word(session) if session else "",
        "provider": registry.label_of(channel.provider),
        # Its outage may outlast its session: started clean, and nobody finished.
        "is_down": not is_open and episodes.is_down(channel),
        "can_be_asked": acts.can_be_asked(channel),
        "scans": session is not None and session.kind != SessionKind.CREDENTIALS,
        "webhook": _webhook(channel),
        "has_message_links": gateway.message_link_text(channel.provider) > 0,
        "episodes": number.list_episodes(channel, before=before),
        "is_later_page": bool(before),
        "exchanges": number.list_exchanges(channel, size=number.NEWEST_EXCHANGES).rows
        if may_connect
        else (),
        "session_url": links.session(channel, request.workspace),
    }
    return render(request, "integrations/channel_detail.html", context)


@require_safe
@requires(Action.CONNECT)
def channel_log(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """What was said to the provider: for those who connect, since it may name people."""
    channel = find_channel(request, key)
    before = paging.understood(request.GET.get("before", ""), is_keyed=False)
    context = {
        "channel": channel,
        "page": number.list_exchanges(channel, before=before),
        "is_later_page": bool(before),
    }
    return render(request, "integrations/channel_log.html", context)


def find_channel(request: WorkspaceRequest, key: uuid.UUID) -> Channel:
    """A number of the reader's workspace; others do not exist."""
    with inside(request.workspace.pk):
        channel = number.find(request.workspace, key)
    if channel is None:
        raise Http404
    return channel


def _webhook(channel: Channel) -> dict[str, object]:
    integration: Integration | None = channel.integration
    return {
        "by_api": acts.sets_webhook(channel),
        "reading": webhook_urls.last_reading(integration) if integration else None,
    }
