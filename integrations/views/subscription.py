"""The webhook of a number: set by API where the provider can, else by hand, and read back."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations import gateway, links, words
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Integration, Problem
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.services import acts, webhook_urls
from integrations.services.webhook_urls import Subscription, WebhookFailed
from integrations.views.channels import find_channel


@dataclass(frozen=True, slots=True)
class Told:
    """A word of ours that somebody pastes at the provider."""

    label: str
    value: str


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CONNECT, own_transactions="the provider is asked where it posts")
def channel_webhook(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    if channel.integration is None:
        return _gone(request, channel)
    try:
        adapter = registry.get(channel.provider)
    except registry.UnknownProvider:
        raise Http404 from None
    by_api = Capability.WEBHOOK_BY_API in adapter.capabilities
    if request.method == "POST":
        act = request.POST.get("act")
        if act == "secret":
            told = _secrets(request, channel, channel.integration, adapter)
            return _page(request, channel, channel.integration, adapter, told=told)
        if act == "renew":
            _renew(request, channel, adapter)
        elif act in {"set", "next"} and by_api:
            # On the way through the wizard nobody was told yet whom it takes the webhook from.
            _set(request, channel, adapter, robs=act == "set")
        return _back(request, channel)
    return _page(request, channel, channel.integration, adapter)


def _gone(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    if request.method == "POST":
        text = gettext("This number was removed, so nothing posts here.")
        messages.warning(request, text)
        return HttpResponseRedirect(links.number(channel, request.workspace))
    context = {
        "channel": channel,
        "back_url": links.number(channel, request.workspace),
    }
    return render(request, "integrations/channel_webhook_gone.html", context)


def _page(
    request: WorkspaceRequest,
    channel: Channel,
    integration: Integration,
    adapter: Adapter,
    *,
    told: list[Told] | None = None,
) -> HttpResponse:
    by_api = Capability.WEBHOOK_BY_API in adapter.capabilities
    context: dict[str, Any] = {
        "channel": channel,
        "back_url": links.number(channel, request.workspace),
        "provider": adapter.label,
        "by_api": by_api,
        "events": adapter.webhook_events,
        "has_secrets": any(field.is_made for field in adapter.fields),
        "secrets": told,
    }
    if by_api:
        context |= _read_back(channel, adapter)
    context |= {
        "url": webhook_urls.current(integration),
        "former": webhook_urls.find_former(integration),
    }
    answer = render(request, "integrations/channel_webhook.html", context)
    answer.headers["Cache-Control"] = "no-store"  # the address opens our receiver
    return answer


def _read_back(channel: Channel, adapter: Adapter) -> dict[str, Subscription | str]:
    try:
        return {"subscription": webhook_urls.read_back(channel)}
    except WebhookFailed as failure:
        return {"failure": _words(failure, adapter)}


def _set(
    request: WorkspaceRequest, channel: Channel, adapter: Adapter, *, robs: bool
) -> None:
    try:
        told = webhook_urls.subscribe(channel, actor=request.user, robs=robs)
    except WebhookFailed as failure:
        messages.error(request, _words(failure, adapter))
        return
    if told.is_complete:
        messages.success(request, gettext("The webhook was set and read back."))


def _renew(request: WorkspaceRequest, channel: Channel, adapter: Adapter) -> None:
    """Where the provider does not take it, the page says which address is in use."""
    try:
        told = acts.renew_webhook_url(channel, actor=request.user)
    except WebhookFailed as failure:
        messages.error(request, _words(failure, adapter))
        return
    if told is not None and told.is_ours:
        text = gettext(
            "Here is the new address. The old one goes on working for 7 days."
        )
    else:
        text = gettext(
            "Here is the new address. The old one goes on working until %(provider)s uses "
            "the new one, and for 7 days after that."
        ) % {"provider": adapter.label}
    messages.success(request, text)


def _words(failure: WebhookFailed, adapter: Adapter) -> str:
    text = words.on_entering(failure.problem, provider=adapter.label)
    said = words.reason(failure.reason)
    return f"{text} ({said})" if said else text


def _secrets(
    request: WorkspaceRequest,
    channel: Channel,
    integration: Integration,
    adapter: Adapter,
) -> list[Told]:
    """The words of ours that prove the provider, for pasting them there. Audited."""
    try:
        credentials = gateway.unseal_credentials(integration)
    except CredentialsUnreadable:
        problem = Problem.CREDENTIALS_UNREADABLE
        messages.error(request, words.why(problem, provider=adapter.label))
        return []
    with workspace_transaction(request.workspace.pk):
        audit.record(
            workspace=request.workspace,
            action="integration.webhook_secret_shown",
            actor=request.user,
            target=str(channel.key),
            details={"provider": adapter.slug},
        )
    return [
        Told(gettext(field.label), credentials[field.name])
        for field in adapter.fields
        if field.is_made and credentials.get(field.name)
    ]


def _back(request: WorkspaceRequest, channel: Channel) -> HttpResponseRedirect:
    names = {"workspace_slug": request.workspace.slug, "key": channel.key}
    return HttpResponseRedirect(reverse("integrations:channel-webhook", kwargs=names))
