"""Canned replies: the page that keeps them, and the list that a composer chooses from."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from whatsapp import gaps
from whatsapp.forms.canned import CannedReplyForm, refused
from whatsapp.models import CannedReply, Conversation
from whatsapp.selectors import canned as selector
from whatsapp.selectors import thread
from whatsapp.services import canned as service

_UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.REPLY)
def canned_replies(request: WorkspaceRequest) -> HttpResponse:
    """All of them; `?new`, `?edit=` and `?delete=` ask about one, `?for=` is a composer's."""
    if request.method == "POST":
        act = _ACTS.get(request.POST.get("act", ""))
        return act(request) if act else HttpResponseBadRequest()
    conversation = _conversation(request)
    if request.htmx and conversation is not None:
        context = {"choices": _choices(request, conversation)}
        return render(request, "whatsapp/_canned_options.html", context)
    edited = _find(request, request.GET.get("edit", ""))
    form = None
    if edited is not None:
        form = CannedReplyForm(initial={"name": edited.name, "text": edited.text})
    elif "new" in request.GET:
        form = CannedReplyForm()
    doomed = _find(request, request.GET.get("delete", ""))
    return _page(request, form=form, edited=edited, doomed=doomed)


def _add(request: WorkspaceRequest) -> HttpResponse:
    form = CannedReplyForm(request.POST)
    if form.is_valid():
        try:
            service.add(request.workspace, **_values(request, form))
        except (service.NameTaken, service.TooMany) as error:
            refused(form, is_full=isinstance(error, service.TooMany))
        else:
            messages.success(request, _("Kept. Type / in a conversation to use it."))
            return redirect(_here(request))
    return _page(request, form=form, status=_UNPROCESSABLE)


def _change(request: WorkspaceRequest) -> HttpResponse:
    canned = _find(request, request.POST.get("key", ""))
    if canned is None:
        return _gone(request)
    form = CannedReplyForm(request.POST)
    if form.is_valid():
        try:
            service.change(canned, **_values(request, form))
        except service.NameTaken:
            refused(form, is_full=False)
        else:
            messages.success(request, _("Canned reply changed."))
            return redirect(_here(request))
    return _page(request, form=form, edited=canned, status=_UNPROCESSABLE)


def _delete(request: WorkspaceRequest) -> HttpResponse:
    canned = _find(request, request.POST.get("key", ""))
    if canned is None:
        return _gone(request)
    service.delete(
        canned, actor=request.user, now=timezone.now(), ip=client_ip(request)
    )
    messages.success(request, _("Canned reply deleted."))
    return redirect(_here(request))


_ACTS: dict[str, Callable[[WorkspaceRequest], HttpResponse]] = {
    "add": _add,
    "change": _change,
    "delete": _delete,
}


def _gone(request: WorkspaceRequest) -> HttpResponse:
    messages.info(request, _("This canned reply is not there any more."))
    return HttpResponseRedirect(_here(request))


def _values(request: WorkspaceRequest, form: CannedReplyForm) -> dict[str, Any]:
    return {
        **form.cleaned_data,
        "actor": request.user,
        "now": timezone.now(),
        "ip": client_ip(request),
    }


def _page(request: WorkspaceRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    conversation = _conversation(request)
    context = {
        "page_url": _here(request),
        "query": f"for={conversation.key}" if conversation else "",
        "conversation": conversation,
        "choices": _choices(request, conversation),
        "gaps": gaps.offered(get_language() or ""),
        "most": service.MOST,
        **more,
    }
    return render(request, "whatsapp/canned_replies.html", context, status=status)


def _choices(
    request: WorkspaceRequest, conversation: Conversation | None
) -> list[dict[str, Any]]:
    """Each with its text; for a conversation, as the person would get it."""
    return [
        {
            "key": one.key,
            "name": one.name,
            "text": selector.filled_for(one, conversation, by=request.user)
            if conversation
            else one.text,
        }
        for one in selector.list_canned(request.workspace)
    ]


def _here(request: WorkspaceRequest) -> str:
    """The page again, for the same conversation."""
    path = reverse(
        "whatsapp:conversation-canned",
        kwargs={"workspace_slug": request.workspace.slug},
    )
    conversation = _conversation(request)
    return f"{path}?for={conversation.key}" if conversation else path


def _conversation(request: WorkspaceRequest) -> Conversation | None:
    try:
        key = uuid.UUID(request.GET.get("for", ""))
    except ValueError:
        return None
    return thread.find_conversation(request.workspace, key=key)


def _find(request: WorkspaceRequest, told: str) -> CannedReply | None:
    try:
        key = uuid.UUID(told)
    except ValueError:
        return None
    return selector.find_canned(request.workspace, key=key)
