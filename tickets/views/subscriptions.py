"""Settings → Events: the systems that hear of us, added, changed, switched and tried."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations.signing import Secret
from tickets.forms.events import DeleteForm, RotateForm, SubscriptionForm
from tickets.models import Subscription
from tickets.selectors import subscriptions as selector
from tickets.services import subscriptions as service
from tickets.services.event_sources import NameTaken
from tickets.services.subscriptions import Who


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_WORKSPACE)
def subscription_new(request: WorkspaceRequest) -> HttpResponse:
    """The secret stands on the answer itself: no address leads to it again."""
    form = _form(request, None)
    if form.is_bound and form.is_valid():
        try:
            made = service.add(request.workspace, form.facts, by=who(request))
        except NameTaken:
            form.add_error("name", gettext("Another system has this name."))
        else:
            return _made(request, made.subscription, made.secret, is_new=True)
    return _show_form(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_WORKSPACE)
def subscription_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    subscription = find(request, key)
    form = _form(request, subscription)
    if form.is_bound and form.is_valid():
        try:
            service.edit(subscription, form.facts, by=who(request))
        except NameTaken:
            form.add_error("name", gettext("Another system has this name."))
        else:
            messages.success(request, gettext("Saved."))
            return back_to(request, subscription)
    return _show_form(request, form, subscription)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_WORKSPACE)
def subscription_rotate(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    subscription = find(request, key)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        secret = service.rotate(subscription, overlap=form.span, by=who(request))
        return _made(request, subscription, secret, is_new=False)
    context = {
        "form": form,
        "owner": subscription,
        "signs": True,
        "back_url": url_of(request, subscription),
    }
    status = 422 if form.errors else 200
    return render(request, "tickets/events/secret_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_WORKSPACE)
def subscription_delete(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    subscription = find(request, key)
    told = request.POST if request.method == "POST" else None
    form = DeleteForm(told, expected=subscription.name)
    if form.is_bound and form.is_valid():
        service.delete(subscription, by=who(request))
        messages.success(request, gettext("The subscription was removed."))
        return redirect("events:event-list", request.workspace.slug)
    context = {
        "form": form,
        "subscription": subscription,
        "back_url": url_of(request, subscription),
    }
    status = 422 if form.errors else 200
    name = "tickets/events/subscription_delete.html"
    return render(request, name, context, status=status)


@require_POST
@requires(Action.MANAGE_WORKSPACE)
def subscription_state(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    subscription = find(request, key)
    act = request.POST.get("act")
    if act == "on":
        service.switch(subscription, is_active=True, by=who(request))
        messages.success(
            request, gettext("Switched on: it hears of what happens from now on.")
        )
    elif act == "off":
        service.switch(subscription, is_active=False, by=who(request))
        messages.success(
            request, gettext("Switched off: nothing is sent to it any more.")
        )
    return back_to(request, subscription)


@require_POST
@requires(Action.MANAGE_WORKSPACE)
def subscription_test(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    subscription = find(request, key)
    if not subscription.is_active:
        messages.error(request, gettext("Switch it on first: nothing is sent now."))
        return back_to(request, subscription)
    delivery = service.test(subscription, by=who(request))
    return redirect("events:delivery-detail", request.workspace.slug, delivery.key)


# --- also of deliveries -------------------------------------------------------------
def find(request: WorkspaceRequest, key: uuid.UUID) -> Subscription:
    found = selector.find_subscription(request.workspace, key=key)
    if found is None:
        raise Http404
    return found


def who(request: WorkspaceRequest) -> Who:
    return Who(request.user, timezone.now(), client_ip(request))


def url_of(request: WorkspaceRequest, subscription: Subscription) -> str:
    return reverse(
        "events:subscription-detail",
        kwargs={"workspace_slug": request.workspace.slug, "key": subscription.key},
    )


def back_to(
    request: WorkspaceRequest, subscription: Subscription
) -> HttpResponseRedirect:
    return HttpResponseRedirect(url_of(request, subscription))


def _form(
    request: WorkspaceRequest, subscription: Subscription | None
) -> SubscriptionForm:
    if request.method == "POST":
        return SubscriptionForm(request.POST)
    return SubscriptionForm(initial=SubscriptionForm.values_of(subscription))


def _show_form(
    request: WorkspaceRequest, form: SubscriptionForm, subscription: Subscription | None
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "subscription": subscription,
        "back_url": url_of(request, subscription)
        if subscription
        else reverse(
            "events:event-list", kwargs={"workspace_slug": request.workspace.slug}
        ),
    }
    status = 422 if form.errors else 200
    name = "tickets/events/subscription_form.html"
    return render(request, name, context, status=status)


def _made(
    request: WorkspaceRequest,
    subscription: Subscription,
    secret: Secret,
    *,
    is_new: bool,
) -> HttpResponse:
    context = {
        "subscription": subscription,
        "secret": secret.reveal(),
        "is_new": is_new,
        "back_url": url_of(request, subscription),
    }
    return render(request, "tickets/events/subscription_made.html", context)
