"""The page of a session: how a number is being connected, and what a person can do about it.

It answers from the database at once; the part that is polled asks the provider. Without a
script the same is done by a link that loads the page again.
"""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations import faces, links, words
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Problem, Session
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.selectors import connecting
from integrations.services import acts, pairing, sessions
from integrations.services.asking import NotConnectable
from integrations.services.sessions import Actor

NOTHING_NEW: Final = 204  # htmx leaves the page as it is
_TYPES: Final = "code"  # `?show=code`: a code to type rather than one to scan


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.CONNECT, own_transactions="the provider is asked meanwhile")
def session_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    with workspace_transaction(request.workspace.pk):
        channel = connecting.find_number(request.workspace, key=key)
        session = connecting.find_session(channel) if channel else None
    if channel is None:
        raise Http404
    try:
        adapter = registry.get(channel.provider)
    except registry.UnknownProvider:
        raise Http404 from None
    if request.method == "POST":
        return _ask_code(request, channel)
    wants_news = bool(request.htmx) or "fresh" in request.GET
    if session is not None and wants_news:
        try:
            session = sessions.refresh(session)
        except NotConnectable:
            raise Http404 from None
    return _page(request, channel, adapter, session)


def _page(
    request: WorkspaceRequest,
    channel: Channel,
    adapter: Adapter,
    session: Session | None,
) -> HttpResponse:
    types = request.GET.get("show") == _TYPES
    face = faces.face_of(session, adapter, types=types, now=timezone.now())
    if request.htmx and request.GET.get("seen") == face.stamp:
        return HttpResponse(status=NOTHING_NEW)
    context: dict[str, Any] = {
        "channel": channel,
        "session": session,
        "face": face,
        "provider": adapter.label,
        "show": _TYPES if types else "",
        "seen": acts.mark_of(session),  # for what is ordered of it
    }
    part = "_session" if request.htmx else "session_detail"
    template = f"integrations/{part}.html"
    answer = render(request, template, context)
    answer.headers["Cache-Control"] = "no-store"  # a code lets in whoever scans it
    return answer


# --- a code to type ---------------------------------------------------------------
def _ask_code(request: WorkspaceRequest, channel: Channel) -> HttpResponseRedirect:
    """All else that is ordered of a number is in `channel_acts`."""
    here = links.session(channel, request.workspace)
    if request.POST.get("act") != _TYPES:
        messages.error(request, gettext("Choose what should be done."))
        return HttpResponseRedirect(here)
    try:
        pairing.ask_code(channel, actor=Actor(request.user))
    except NotConnectable:
        raise Http404 from None
    except CredentialsUnreadable:
        label = registry.label_of(channel.provider)
        why = words.why(Problem.CREDENTIALS_UNREADABLE, provider=label)
        messages.error(request, why)
    return HttpResponseRedirect(f"{here}?show={_TYPES}")
