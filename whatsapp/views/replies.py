"""Answering: the composer's form, with and without a script, and the buttons of bubbles."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.keys import new_key
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations.providers.base.outgoing import Content, Reaction, Text
from whatsapp.models import Conversation
from whatsapp.selectors import recipients, thread
from whatsapp.services import attachments, repeats, replies
from whatsapp.services.attachments import Kept, Unfit
from whatsapp.services.replies import ReplyRefused
from whatsapp.services.unconfirmed import NotPossible
from whatsapp.views import composer, conversations
from whatsapp.views.composer import number

_LONGEST = 100_000  # characters of a form field that are looked at
_LONGEST_EMOJI = 16
UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
@requires(
    Action.REPLY, own_transactions="files are in the storage before they are promised"
)
def conversation_reply(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """POST sends what the composer holds; GET is the composer as it stands now."""
    if request.method == "POST" and request.FILES.getlist(composer.FILES):
        return _send_files(request, key)
    with workspace_transaction(request.workspace.pk):
        return _reply(request, key)


def _reply(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    conversation = _find(request, key)
    if request.method == "POST":
        if "react" in request.POST:
            return _react(request, conversation)
        return _send(request, conversation)
    if request.htmx:
        return _composer(request, conversation)
    return HttpResponseRedirect(
        conversations.address(request, conversation, "composer", is_whole=True)
    )


@require_POST
@requires(Action.REPLY)
def conversation_settle(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Send a message again, or let it go: `again` or `drop` names it."""
    conversation = _find(request, key)
    again = number(request.POST.get("again", ""))
    drop = number(request.POST.get("drop", ""))
    if (again is None) == (drop is None):
        return HttpResponseBadRequest()
    place = "latest"
    values: dict[str, Any] = {
        "actor": request.user,
        "now": timezone.now(),
        "ip": client_ip(request),
    }
    try:
        if again is not None:
            repeats.send_again(conversation, again, **values)
        else:
            assert drop is not None  # noqa: S101  # one of the two
            repeats.drop(conversation, drop, **values)
            place = f"message-{drop}"
            messages.success(request, _("Done. It will not be sent."))
    except ReplyRefused as refused:
        problem = composer.problem_of(conversation.channel.provider, refused)
        messages.error(request, problem.sentence)
    except NotPossible:
        messages.info(
            request,
            _("Meanwhile something has become of this message. Nothing was changed."),
        )
    return HttpResponseRedirect(conversations.address(request, conversation, place))


def _send(request: WorkspaceRequest, conversation: Conversation) -> HttpResponse:
    text = _cleaned(request.POST.get("text", ""))
    quoted = number(request.POST.get("reply_to", ""))
    contents: list[Content] = (
        [Text(text.strip(), has_preview=True)] if text.strip() else []
    )
    try:
        replies.reply(
            conversation,
            contents,
            draft_key=_draft_key(request),
            actor=request.user,
            now=timezone.now(),
            reply_to=quoted,
            ip=client_ip(request),
        )
    except ReplyRefused as refused:
        return _refused(request, conversation, refused, text=text, quoted=quoted)
    return _done(request, conversation, "latest")


def _send_files(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Files first, outside of transactions: reading and storing them takes its time."""
    workspace_id = request.workspace.pk
    text = _cleaned(request.POST.get("text", ""))
    quoted = number(request.POST.get("reply_to", ""))
    now = timezone.now()
    with workspace_transaction(workspace_id):
        conversation = _find(request, key)
    provider = conversation.channel.provider
    told: dict[str, Any] = {"text": text, "quoted": quoted}
    kept: list[Kept] = []
    try:
        attached = attachments.read(
            provider,
            request.FILES.getlist(composer.FILES),
            as_documents=bool(request.POST.get("as_documents")),
        )
        contents = attachments.contents_of(provider, attached, text.strip())
        with workspace_transaction(workspace_id):
            person = recipients.party_of(conversation)
            replies.check(conversation, contents, person=person, now=now)
        kept = attachments.keep(workspace_id, attached, now=now)
        with workspace_transaction(workspace_id):
            promises = replies.reply(
                conversation,
                contents,
                draft_key=_draft_key(request),
                actor=request.user,
                now=now,
                reply_to=quoted,
                ip=client_ip(request),
            )
            attachments.own(workspace_id, promises, kept, now=now)
    except Unfit as unfit:
        with workspace_transaction(workspace_id):
            return _refused(request, conversation, unfit, **told)
    except ReplyRefused as refused:
        with workspace_transaction(workspace_id):
            attachments.let_go(kept, now=now)
            return _refused(request, conversation, refused, **told)
    with workspace_transaction(workspace_id):
        return _done(request, conversation, "latest")


def _react(request: WorkspaceRequest, conversation: Conversation) -> HttpResponse:
    """An empty emoji takes the reaction back."""
    emoji = request.POST.get("react", "").strip()[:_LONGEST_EMOJI]
    target_id = number(request.POST.get("target", ""))
    if target_id is None or (emoji and emoji not in composer.REACTIONS):
        return HttpResponseBadRequest()
    try:
        target = replies.find_target(conversation, target_id)
        replies.reply(
            conversation,
            [Reaction(target, emoji)],
            draft_key=_draft_key(request),
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
    except ReplyRefused as refused:
        return _refused(request, conversation, refused, text="", quoted=None)
    return _done(request, conversation, f"message-{target_id}")


def _done(
    request: WorkspaceRequest, conversation: Conversation, place: str
) -> HttpResponse:
    if request.htmx:
        return _composer(request, conversation)
    return HttpResponseRedirect(conversations.address(request, conversation, place))


def _refused(
    request: WorkspaceRequest,
    conversation: Conversation,
    refused: ReplyRefused | Unfit,
    *,
    text: str,
    quoted: int | None,
) -> HttpResponse:
    """The form again, with what was typed and what is wrong with it."""
    shown = composer.composer_of(
        request, conversation, text=text, quoted=quoted, refused=refused
    )
    if request.htmx:
        return _composer(request, conversation, shown, status=UNPROCESSABLE)
    return conversations.render_detail(
        request, conversation, shown, status=UNPROCESSABLE
    )


def _composer(
    request: WorkspaceRequest,
    conversation: Conversation,
    shown: composer.Composer | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    shown = shown or composer.composer_of(request, conversation)
    context = {
        "conversation": conversation,
        **composer.context_of(request, conversation, shown),
    }
    return render(request, "whatsapp/_composer.html", context, status=status)


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Conversation:
    conversation = thread.find_conversation(request.workspace, key=key)
    if conversation is None:
        raise Http404
    return conversation


def _cleaned(told: str) -> str:
    return told[:_LONGEST].replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _draft_key(request: WorkspaceRequest) -> uuid.UUID:
    """A form without one is somebody's own: each time is a message."""
    try:
        return uuid.UUID(request.POST.get("draft", ""))
    except ValueError:
        return new_key()
