"""Chats whose first message may have got lost: the list, and what somebody says of one."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import WorkspaceRequest, came_from, client_ip, requires
from accounts.permissions import Action
from integrations.models import Channel
from integrations.selectors import channels
from whatsapp.models import UnheardVerdict
from whatsapp.selectors import unheard as unheard_selector
from whatsapp.services import unheard


@require_safe
@requires(Action.READ)
def unheard_list(request: WorkspaceRequest) -> HttpResponse:
    found = unheard_selector.list_chats(request.workspace, now=timezone.now())
    context = {"unheard": found, "days": unheard_selector.LOOKED_BACK.days}
    return render(request, "whatsapp/unheard_list.html", context)


@require_POST
@requires(Action.REPLY)
def unheard_settle(request: WorkspaceRequest) -> HttpResponse:
    """Done, or we wrote first: it stands nowhere any more. Twice is once."""
    told = request.POST
    channel = _channel(request, told.get("channel", ""))
    is_settled = (
        channel is not None
        and told.get("verdict") in UnheardVerdict.values
        and unheard.settle(
            request.workspace,
            channel=channel,
            peer_key=told.get("peer", "")[:140],
            verdict=UnheardVerdict(told["verdict"]),
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
    )
    if is_settled:
        messages.success(request, _("Noted. This chat does not stand here any more."))
    else:
        messages.info(
            request,
            _(
                "Nothing to note: somebody was faster, or the person has written meanwhile."
            ),
        )
    back = came_from(request)
    if back:
        return redirect(back)
    return redirect("whatsapp:conversation-unheard", request.workspace.slug)


def _channel(request: WorkspaceRequest, key: str) -> Channel | None:
    try:
        return channels.find(request.workspace, key=uuid.UUID(key))
    except ValueError:
        return None
