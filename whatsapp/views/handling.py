"""What the buttons of a conversation do. Each post answers with the page it came from."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.http import WorkspaceRequest, client_ip
from accounts.permissions import Action, may
from whatsapp.models import Conversation
from whatsapp.services import handling

Act = Callable[[WorkspaceRequest, Conversation], str]


def handle(request: WorkspaceRequest, conversation: Conversation) -> HttpResponse:
    """Do what `act` names; the rights of each are its own."""
    found = _ACTS.get(request.POST.get("act", ""))
    if found is None:
        return HttpResponseBadRequest()
    action, act = found
    if not may(request.membership.role, action):
        raise PermissionDenied
    try:
        told = act(request, conversation)
    except handling.NotAMember:
        messages.error(request, _("That person cannot answer in this workspace."))
    except handling.AnotherIsOpen as error:
        messages.warning(
            request,
            _("There is a newer open conversation with this person: this is it."),
        )
        conversation = error.conversation
    else:
        if told:
            messages.success(request, told)
    return HttpResponseRedirect(_address(request, conversation))


def _address(request: WorkspaceRequest, conversation: Conversation) -> str:
    """The conversation again, beside the same list."""
    address = reverse(
        "whatsapp:conversation-detail",
        kwargs={
            "workspace_slug": request.workspace.slug,
            "key": conversation.key,
        },
    )
    query = request.META.get("QUERY_STRING", "")
    return f"{address}?{query}" if query else address


def _assign(request: WorkspaceRequest, conversation: Conversation) -> str:
    told = request.POST.get("assignee", "")
    if told == "me":
        assignee_id: int | None = request.user.pk
    elif told == "":
        assignee_id = None
    elif told.isascii() and told.isdecimal() and len(told) < 19:
        assignee_id = int(told)
    else:
        raise handling.NotAMember
    changed = handling.assign(
        conversation,
        assignee_id=assignee_id,
        actor=request.user,
        ip=client_ip(request),
    )
    if not changed:
        return ""
    if assignee_id is None:
        return _("The conversation is nobody's now.")
    if assignee_id == request.user.pk:
        return _("The conversation is yours.")
    return _("The conversation was handed over.")


def _close(request: WorkspaceRequest, conversation: Conversation) -> str:
    changed = handling.close(conversation, actor=request.user, ip=client_ip(request))
    return _("Conversation closed. A new message opens a new one.") if changed else ""


def _reopen(request: WorkspaceRequest, conversation: Conversation) -> str:
    changed = handling.reopen(conversation, actor=request.user, ip=client_ip(request))
    return _("Conversation reopened.") if changed else ""


def _read(request: WorkspaceRequest, conversation: Conversation) -> str:
    seen = request.POST.get("seen", "")
    if seen.isascii() and seen.isdecimal() and len(seen) < 10:
        handling.mark_read(conversation, seen=int(seen))
    return ""


_ACTS: dict[str, tuple[Action, Act]] = {
    "assign": (Action.ASSIGN, _assign),
    "close": (Action.REPLY, _close),
    "reopen": (Action.REPLY, _reopen),
    "read": (Action.REPLY, _read),
}
