"""What the buttons of a conversation do. Each post answers with the page it came from."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.http import WorkspaceRequest, client_ip
from accounts.permissions import Action, may
from whatsapp.models import Conversation
from whatsapp.services import handling

_MOST_MESSAGES = 10**9
_NO_CONTENT = 204
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
    except handling.TakenMeanwhile as error:
        messages.warning(request, _taken(error))
    except handling.AnotherIsOpen as error:
        messages.warning(
            request,
            _("There is a newer open conversation with this person: this is it."),
        )
        conversation = error.conversation
    else:
        if told:
            messages.success(request, told)
    if act is _typing:
        return HttpResponse(status=_NO_CONTENT)
    return HttpResponseRedirect(_address(request, conversation))


def _taken(error: handling.TakenMeanwhile) -> str:
    if error.assignee is None:
        return _("Meanwhile somebody let go of this conversation. Nothing was changed.")
    who = error.assignee.name or error.assignee.email
    told = _("Meanwhile this conversation went to %(who)s. Nothing was changed.")
    return told % {"who": who}


def _number(told: str) -> int | None:
    is_number = told.isascii() and told.isdecimal() and len(told) < 19
    return int(told) if is_number else None


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
    else:
        assignee_id = _number(told)
        if assignee_id is None:
            raise handling.NotAMember
    changed = handling.assign(
        conversation,
        assignee_id=assignee_id,
        actor=request.user,
        seen=_number(request.POST.get("was", "")),
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
    if not changed:
        messages.info(request, _("This conversation was closed already."))
        return ""
    return _("Conversation closed. A new message opens a new one.")


def _reopen(request: WorkspaceRequest, conversation: Conversation) -> str:
    changed = handling.reopen(conversation, actor=request.user, ip=client_ip(request))
    if not changed:
        messages.info(request, _("This conversation was open already."))
        return ""
    return _("Conversation reopened.")


def _read(request: WorkspaceRequest, conversation: Conversation) -> str:
    seen = _number(request.POST.get("seen", ""))
    if seen is not None and seen < _MOST_MESSAGES:
        handling.mark_read(conversation, seen=seen)
    return ""


def _typing(request: WorkspaceRequest, conversation: Conversation) -> str:
    handling.note_attention(conversation, now=timezone.now())
    return ""


_ACTS: dict[str, tuple[Action, Act]] = {
    "assign": (Action.ASSIGN, _assign),
    "close": (Action.REPLY, _close),
    "reopen": (Action.REPLY, _reopen),
    "read": (Action.REPLY, _read),
    "typing": (Action.REPLY, _typing),
}
