"""The conversation list with its search, and one conversation."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.selectors import channels
from whatsapp.models import ConversationState
from whatsapp.selectors import inbox, leads, search, thread


@require_safe
@vary_on_headers("HX-Request")
@requires(Action.READ)
def conversation_list(request: WorkspaceRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:200]
    state = request.GET.get("state", "")
    if state not in ConversationState.values:
        state = ConversationState.OPEN.value
    context: dict[str, object] = {
        "query": query,
        "state": state,
        "shows_channel": channels.has_several(request.workspace),
    }
    if query:
        context["result"] = search.search_conversations(request.workspace, text=query)
    else:
        context["page"] = inbox.list_conversations(
            request.workspace, state=state, before=request.GET.get("before", "")
        )
        context["is_later_page"] = "before" in request.GET
    template = (
        "whatsapp/_conversation_rows.html"
        if request.htmx
        else "whatsapp/conversation_list.html"
    )
    return render(request, template, context)


@require_safe
@requires(Action.READ)
def conversation_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    conversation = thread.find_conversation(request.workspace, key=key)
    if conversation is None:
        raise Http404
    identities = leads.list_identities(conversation.lead)
    context = {
        "conversation": conversation,
        "lead": conversation.lead,
        "person": leads.person_of(conversation.lead, identities),
        "origin": leads.origin_of(conversation.lead),
        "identities": identities,
        "page": thread.list_messages(
            conversation, before=request.GET.get("before", "")
        ),
        "is_later_page": "before" in request.GET,
    }
    return render(request, "whatsapp/conversation_detail.html", context)
