"""The conversation list with its search and filters, and one conversation beside it."""

import hashlib
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import paging
from accounts import selectors as people
from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.selectors import channels as numbers
from whatsapp.models import Conversation
from whatsapp.selectors import filters as asking
from whatsapp.selectors import inbox, leads, search, silence, thread
from whatsapp.views import composer as composing
from whatsapp.views import handling, saved_filters
from whatsapp.views.composer import Composer

NOTHING_NEW = 204  # htmx leaves the page as it is


@require_safe
@vary_on_headers("HX-Request")
@requires(Action.READ)
def conversation_list(request: WorkspaceRequest) -> HttpResponse:
    if request.htmx and "after" in request.GET:
        return _news(request)
    context = _list_context(request)
    if not request.htmx:
        return render(request, "whatsapp/conversation_list.html", context)
    response = render(request, "whatsapp/_conversation_rows.html", context)
    response.headers["HX-Replace-Url"] = str(context["here"])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
@requires(Action.READ)
def conversation_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    conversation = thread.find_conversation(request.workspace, key=key)
    if conversation is None:
        raise Http404
    if request.method == "POST":
        return handling.handle(request, conversation)
    if request.htmx and "live" in request.GET:
        return _live(request, conversation)
    composer = composing.composer_of(request, conversation)
    return render_detail(request, conversation, composer)


def render_detail(
    request: WorkspaceRequest,
    conversation: Conversation,
    composer: Composer,
    *,
    status: int = 200,
) -> HttpResponse:
    """The whole page, with the form under the thread as it stands."""
    identities = leads.list_identities(conversation.lead)
    earlier = paging.understood(request.GET.get("earlier", ""), is_keyed=False)
    context = _list_context(request)
    context["ignored"] += _lost(request, "earlier", earlier)
    context |= {
        "conversation": conversation,
        "lead": conversation.lead,
        "person": leads.person_of(conversation.lead, identities),
        "origin": leads.origin_of(conversation.lead),
        "silence": silence.of_lead(conversation.lead),
        "identities": identities,
        "people": people.list_people_who_may(request.workspace, Action.REPLY),
        "thread": thread.list_messages(conversation, before=earlier),
        "is_earlier_page": bool(earlier),
        "standing": _standing(conversation),
        "acts_url": address(request, conversation, "", is_whole=True),
        **composing.context_of(request, conversation, composer),
    }
    return render(request, "whatsapp/conversation_detail.html", context, status=status)


def address(
    request: WorkspaceRequest,
    conversation: Conversation,
    place: str,
    *,
    is_whole: bool = False,
) -> str:
    """The conversation again, at a place of the page, beside the same list.

    `is_whole` keeps what was picked in the thread too.
    """
    path = path_of(request, conversation)
    query = request.GET.urlencode() if is_whole else composing.list_query(request)
    end = f"#{place}" if place else ""
    return f"{path}?{query}{end}" if query else f"{path}{end}"


def path_of(request: WorkspaceRequest, conversation: Conversation) -> str:
    return reverse(
        "whatsapp:conversation-detail",
        kwargs={"workspace_slug": request.workspace.slug, "key": conversation.key},
    )


def _live(request: WorkspaceRequest, conversation: Conversation) -> HttpResponse:
    """The newest page of an open thread, polled; 304 while it is what the reader has.

    `live` is how the conversation stood when the page was opened.
    """
    told = [
        thread.stamp(conversation),
        _standing(conversation),
        request.GET["live"],
        get_language(),
        timezone.localdate().isoformat(),  # "today" is another day tomorrow
    ]
    etag = f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        unchanged.headers["ETag"] = etag
        return unchanged
    identities = leads.list_identities(conversation.lead)
    context = {
        "conversation": conversation,
        "person": leads.person_of(conversation.lead, identities),
        "thread": thread.list_messages(conversation),
        "has_moved": request.GET["live"] != _standing(conversation),
        "bubble_acts": composing.acts_of(request, conversation),
        "window": composing.window_for(conversation, now=timezone.now()),
    }
    response = render(request, "whatsapp/_thread_live.html", context)
    response.headers["ETag"] = etag
    return response


def _standing(conversation: Conversation) -> str:
    """What another member may change while the page is open."""
    return f"{conversation.state}-{conversation.assignee_id or 0}"


def _list_context(request: WorkspaceRequest) -> dict[str, Any]:
    """The list as the address asks for it, for the list's page and beside a conversation."""
    now = timezone.now()
    active = [one for one in numbers.list_channels(request.workspace) if one.is_active]
    filters = _filters(request, {one.key for one in active})
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    before = paging.understood(request.GET.get("before", ""))
    whose: dict[str, Any] = {
        "filters": filters,
        "user_id": request.user.pk,
        "now": now,
    }
    context: dict[str, Any] = {
        "query": query,
        "filters": filters,
        "tabs": _tabs(request, filters),
        "channels": active,
        "shows_channel": len(active) > 1,
        "is_later_page": bool(before),
        "ignored": (*filters.ignored, *_lost(request, "before", before)),
        "after": paging.write(now, 0),
    }
    if query:
        context["result"] = search.search_conversations(
            request.workspace, text=query, **whose
        )
    else:
        context["page"] = inbox.list_conversations(
            request.workspace, state=filters.state, before=before, **whose
        )
        if context["page"].rows:
            newest = context["page"].rows[0]
            context["after"] = paging.write(newest.last_message_at, newest.key)
    context["asked"] = _asked(filters, query)
    context["row_query"] = (
        asking.written({**filters.asked, "before": before})
        if before
        else context["asked"]
    )
    context["here"] = _list_address(request, context["asked"])
    context["saved"] = saved_filters.context_of(
        request,
        saved_filters.CONVERSATIONS,
        asked={"q": query, **filters.asked},
    )
    return context


def _lost(request: WorkspaceRequest, name: str, understood: str) -> tuple[str, ...]:
    """The name of a position that was asked for and is none."""
    return (name,) if request.GET.get(name) and not understood else ()


def _tabs(request: WorkspaceRequest, filters: asking.Filters) -> list[dict[str, Any]]:
    """Each with its count and what asks for it; other filters stay as they are."""
    counts = inbox.count_tabs(request.workspace, user_id=request.user.pk)
    return [
        {
            "name": name,
            "count": count,
            "query": asking.written({**filters.asked, "tab": name}),
        }
        for name, count in counts.items()
    ]


def _news(request: WorkspaceRequest) -> HttpResponse:
    """How many conversations of this list have moved since its newest row; polled.

    204 while that is what the page shows already, so that nothing is told twice.
    """
    position = paging.read(request.GET["after"])
    if position is None:
        return HttpResponse(status=NOTHING_NEW)
    active = numbers.list_channels(request.workspace)
    filters = _filters(request, {one.key for one in active if one.is_active})
    count = inbox.count_news(
        request.workspace,
        filters=filters,
        user_id=request.user.pk,
        after=position.at,
        now=timezone.now(),
    )
    if str(count) == request.GET.get("shown", "0"):
        return HttpResponse(status=NOTHING_NEW)
    here = _list_address(request, _asked(filters, ""))
    context = {"count": count, "here": here}
    return render(request, "whatsapp/_conversation_news.html", context)


def _filters(request: WorkspaceRequest, channels: set[uuid.UUID]) -> asking.Filters:
    return asking.read(
        request.GET.dict(),
        channels=channels,
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
    )


def _asked(filters: asking.Filters, query: str) -> str:
    """The query string that asks for the same list again, from its beginning."""
    return asking.written({**({"q": query} if query else {}), **filters.asked})


def _list_address(request: WorkspaceRequest, asked: str) -> str:
    address = reverse(
        "whatsapp:conversation-list",
        kwargs={"workspace_slug": request.workspace.slug},
    )
    return f"{address}?{asked}" if asked else address
