"""What was posted to a system that hears of us: the log, one event, and once more."""

import json
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts import audit, paging
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from tickets import event_words
from tickets.forms.events import AgainForm, DeliveryFilterForm
from tickets.forms.filters import keys_of
from tickets.models import DeliveryState, EventDelivery, Subscription
from tickets.selectors import delivery_export
from tickets.selectors import subscriptions as selector
from tickets.services import signing_secrets
from tickets.services import subscriptions as service
from tickets.views.subscriptions import back_to, find, url_of, who


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def subscription_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    return _show(request, find(request, key), AgainForm())


def _show(
    request: WorkspaceRequest,
    subscription: Subscription,
    again: AgainForm,
    *,
    status: int = 200,
) -> HttpResponse:
    form = DeliveryFilterForm(request.GET)
    filters, asked = form.filter, form.asked
    before = paging.understood(request.GET.get("before", ""))
    page = selector.list_deliveries(subscription, filters, before=before)
    query = urlencode(asked)
    counts = selector.count_states(subscription)
    context: dict[str, Any] = {
        "subscription": subscription,
        "secrets": signing_secrets.list_live(subscription, now=timezone.now()),
        "counts": [
            {
                "state": DeliveryState(state).label,
                "level": event_words.state_level(state),
                "count": count,
                "query": urlencode({"state": state}),
            }
            for state, count in counts.items()
        ],
        "has_any": any(counts.values()),
        "has_failed": counts[DeliveryState.FAILED] > 0,
        "form": form,
        "again": again,
        "page": page,
        "rows": [_row(one) for one in page.rows],
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_narrowed": bool(filters.names),
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
    }
    name = "tickets/events/subscription_detail.html"
    return render(request, name, context, status=status)


@require_GET
@requires(Action.MANAGE_WORKSPACE)
def subscription_export_csv(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The log under the filters in the address; with one that makes no sense the page
    answers, which says so."""
    subscription = find(request, key)
    form = DeliveryFilterForm(request.GET)
    filters = form.filter
    if form.errors:
        page = HttpResponseRedirect(url_of(request, subscription))
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    now = timezone.now()
    audit.record(
        workspace=request.workspace,
        action="subscription.exported",
        actor=request.user,
        target=str(subscription.key),
        details={"name": subscription.name, "filters": filters.names},
        ip=client_ip(request),
        now=now,
    )
    pieces = delivery_export.write(subscription, filters, words=_words_of)
    day = timezone.localtime(now).date().isoformat()
    return download(request, pieces, name=f"events-{day}.csv", kind="text/csv")


@require_POST
@requires(Action.MANAGE_WORKSPACE)
def subscription_again(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Those that were ticked, or all given up since a day."""
    subscription = find(request, key)
    if not subscription.is_active:
        messages.error(request, gettext("Switch it on first: nothing is sent now."))
        return back_to(request, subscription)
    if "failed_since" in request.POST:
        again = AgainForm(request.POST)
        if not again.is_valid():
            return _show(request, subscription, again, status=422)
        count = service.deliver_failed_again(
            subscription, since=again.since, by=who(request)
        )
    else:
        keys = keys_of(request.POST.getlist("delivery"))
        if not keys:
            messages.error(request, gettext("Choose at least one event first."))
            return back_to(request, subscription)
        count = service.deliver_again(subscription, keys, by=who(request))
        if count and request.POST.get("stay") and len(keys) == 1:
            return redirect("events:delivery-detail", request.workspace.slug, keys[0])
    _tell(request, count)
    return back_to(request, subscription)


def _tell(request: WorkspaceRequest, count: int) -> None:
    if not count:
        messages.info(request, gettext("There was nothing to send again."))
        return
    text = ngettext(
        "%(count)s event is sent again.",
        "%(count)s events are sent again.",
        count,
    )
    messages.success(request, text % {"count": count})


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def delivery_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """While it is on its way the page asks again by itself."""
    delivery = selector.find_delivery(request.workspace, key=key)
    if delivery is None:
        raise Http404
    context = {
        "delivery": delivery,
        "subscription": delivery.subscription,
        "why": event_words.failure(delivery.reason),
        "level": event_words.state_level(delivery.state),
        "is_underway": delivery.state == DeliveryState.DUE,
        "attempts": [
            {"attempt": one, "why": event_words.failure(one.error)}
            for one in selector.list_attempts(delivery)
        ],
        "body": _indented(delivery.body),
    }
    part = "tickets/events/_delivery.html"
    name = part if request.htmx else "tickets/events/delivery_detail.html"
    response = render(request, name, context)
    response.headers["Vary"] = "HX-Request"
    return response


def _row(delivery: EventDelivery) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "level": event_words.state_level(delivery.state),
        "why": event_words.failure(delivery.reason),
    }


def _words_of(delivery: EventDelivery) -> tuple[str, str]:
    label = str(DeliveryState(delivery.state).label)
    return label, event_words.failure(delivery.reason)


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
