"""The lists behind the home page's numbers: messages of a period, and first answers."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import paging
from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from whatsapp.forms.activity import FirstAnswerForm, MessageFilterForm
from whatsapp.selectors import activity, first_answers


@require_safe
@requires(Action.READ)
def message_list(request: WorkspaceRequest) -> HttpResponse:
    form = MessageFilterForm(request.GET, now=timezone.now())
    since, until = form.span
    before = paging.understood(request.GET.get("before", ""), is_keyed=False)
    page = activity.list_messages(
        request.workspace,
        direction=form.way,
        since=since,
        until=until,
        before=before,
    )
    context = _context(request, form, before) | {"page": page, "way": form.way}
    return render(request, "whatsapp/message_list.html", context)


@require_safe
@requires(Action.READ)
def first_answer_list(request: WorkspaceRequest) -> HttpResponse:
    form = FirstAnswerForm(request.GET, now=timezone.now())
    since, until = form.span
    before = paging.understood(request.GET.get("before", ""))
    page = first_answers.list_begun(
        request.workspace,
        since=since,
        until=until,
        answered=form.answer,
        before=before,
    )
    context = _context(request, form, before) | {"page": page}
    return render(request, "whatsapp/first_answer_list.html", context)


def _context(
    request: WorkspaceRequest, form: MessageFilterForm | FirstAnswerForm, before: str
) -> dict[str, Any]:
    since, until = form.span
    query = urlencode(form.asked)
    return {
        "form": form,
        "since": since,
        "until": until,
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
        "zone": request.workspace.time_zone,
    }
