"""A member's saved filters of one list: keep the one that is open, rename, delete.

Each list that has them is a `Place`; those of the rooms above are made there.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from integrations.selectors import channels as numbers
from whatsapp.forms.leads import LeadFilterForm
from whatsapp.forms.saved_filters import SavedFilterForm, refused
from whatsapp.models import FilterPlace, SavedFilter
from whatsapp.selectors import filters as asking
from whatsapp.selectors import funnel, lead_filters
from whatsapp.selectors import saved_filters as selector
from whatsapp.services import saved_filters as service

_LONGEST_QUERY = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """A list, the page of its filters, and what it understands of a query string."""

    kind: FilterPlace
    list_name: str
    page_name: str
    understood: Callable[[WorkspaceRequest, QueryDict], dict[str, str]]

    @property
    def label(self) -> str:
        return str(self.kind.label)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.READ)
def saved_filters(request: WorkspaceRequest, place: Place) -> HttpResponse:
    """All of them; `?rename=` and `?delete=` ask about one first."""
    if request.method == "POST":
        act = _ACTS.get(request.POST.get("act", ""))
        return act(request, place) if act else HttpResponseBadRequest()
    renamed = _find(request, place, request.GET.get("rename", ""))
    form = SavedFilterForm(initial={"name": renamed.name}) if renamed else None
    doomed = _find(request, place, request.GET.get("delete", ""))
    return _page(request, place, form=form, renamed=renamed, doomed=doomed)


def context_of(
    request: WorkspaceRequest, place: Place, *, asked: dict[str, str]
) -> dict[str, Any]:
    """What a list shows of them; `asked` are its filters as understood."""
    current = asking.canonical(asked)
    rows = list(selector.list_saved_filters(request.membership, place=place.kind))
    is_known = any(one.query == current for one in rows)
    return {
        "rows": rows,
        "current": current,
        "may_save": _narrows(current) and not is_known,
        "list_url": _address(request, place.list_name),
        "url": _address(request, place.page_name),
    }


def _narrows(query: str) -> bool:
    """A tab alone is one click already."""
    return bool(set(QueryDict(query)) - {"tab"})


def _save(request: WorkspaceRequest, place: Place) -> HttpResponse:
    form = SavedFilterForm(request.POST)
    query = _understood(request, place, request.POST.get("query", ""))
    if not _narrows(query) or len(query) > _LONGEST_QUERY:
        messages.warning(
            request, _("There is nothing to save: choose a filter or search first.")
        )
        return redirect(_address(request, place.list_name))
    if form.is_valid():
        try:
            service.save(
                member=request.membership,
                place=place.kind,
                name=form.cleaned_data["name"],
                query=query,
                now=timezone.now(),
            )
        except (service.NameTaken, service.TooMany) as error:
            refused(form, is_full=isinstance(error, service.TooMany))
        else:
            messages.success(request, _("Filter saved. One click opens it again."))
            return redirect(f"{_address(request, place.list_name)}?{query}")
    return _page(request, place, form=form, query=query, status=422)


def _rename(request: WorkspaceRequest, place: Place) -> HttpResponse:
    saved = _find(request, place, request.POST.get("key", ""))
    if saved is None:
        return _gone(request, place)
    form = SavedFilterForm(request.POST)
    if form.is_valid():
        try:
            service.rename(saved, name=form.cleaned_data["name"])
        except service.NameTaken:
            refused(form, is_full=False)
        else:
            messages.success(request, _("Filter renamed."))
            return redirect(_address(request, place.page_name))
    return _page(request, place, form=form, renamed=saved, status=422)


def _delete(request: WorkspaceRequest, place: Place) -> HttpResponse:
    saved = _find(request, place, request.POST.get("key", ""))
    if saved is None:
        return _gone(request, place)
    service.delete(saved)
    messages.success(request, _("Filter deleted."))
    return redirect(_address(request, place.page_name))


_ACTS: dict[str, Callable[[WorkspaceRequest, Place], HttpResponse]] = {
    "save": _save,
    "rename": _rename,
    "delete": _delete,
}


def _gone(request: WorkspaceRequest, place: Place) -> HttpResponse:
    messages.info(request, _("This filter is not there any more."))
    return HttpResponseRedirect(_address(request, place.page_name))


def _find(request: WorkspaceRequest, place: Place, told: str) -> SavedFilter | None:
    try:
        key = uuid.UUID(told)
    except ValueError:
        return None
    return selector.find_saved_filter(request.membership, place=place.kind, key=key)


def _understood(request: WorkspaceRequest, place: Place, told: str) -> str:
    """The part of a query string that the list itself would understand."""
    query = QueryDict(told[: 2 * _LONGEST_QUERY])
    return asking.canonical(place.understood(request, query))


def _of_leads(request: WorkspaceRequest, query: QueryDict) -> dict[str, str]:
    form = LeadFilterForm(
        query,
        links=lead_filters.list_slugs(request.workspace, asked=query.get("link", "")),
        stages=funnel.stages_in_use(request.workspace),
    )
    return form.asked


def _of_conversations(request: WorkspaceRequest, query: QueryDict) -> dict[str, str]:
    active = numbers.list_channels(request.workspace)
    filters = asking.read(
        {name: query.get(name, "") for name in query},
        channels={one.key for one in active if one.is_active},
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
    )
    text = query.get("q", "").replace("\0", "").strip()[:200]
    return {"q": text, **filters.asked}


CONVERSATIONS = Place(
    FilterPlace.CONVERSATIONS,
    "whatsapp:conversation-list",
    "whatsapp:conversation-filters",
    _of_conversations,
)
LEADS = Place(
    FilterPlace.LEADS, "whatsapp:lead-list", "whatsapp:lead-filters", _of_leads
)


def _address(request: WorkspaceRequest, name: str) -> str:
    return reverse(name, kwargs={"workspace_slug": request.workspace.slug})


def _page(
    request: WorkspaceRequest, place: Place, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "place": place,
        "list_url": _address(request, place.list_name),
        "page_url": _address(request, place.page_name),
        "rows": list(selector.list_saved_filters(request.membership, place=place.kind)),
        "most": service.MOST,
        **more,
    }
    return render(request, "whatsapp/saved_filters.html", context, status=status)
