"""Message links of a number: who reads may look and print, who connects may make and delete."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations import gateway, qr, words
from integrations.models import Channel
from integrations.number_forms import MessageLinkForm
from integrations.providers import registry
from integrations.providers.base.types import MessageLink
from integrations.services import message_links as service
from integrations.services.asking import NotConnectable
from integrations.services.message_links import MessageLinksFailed
from integrations.views.channel_acts import WAITS
from integrations.views.channels import find_channel

_PAGE: Final = 24  # codes on one page
form_page = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True, slots=True)
class Shown:
    """A link with its drawing."""

    link: MessageLink

    @property
    def drawing(self) -> SafeString:
        return mark_safe(qr.inline(self.link.url))  # noqa: S308  # numbers alone


@require_safe
@requires(Action.READ, own_transactions=WAITS)
def message_links(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = _find(request, key)
    after = request.GET.get("before", "")
    try:
        every = service.list_all(channel)
    except NotConnectable:
        return _gone(request, channel)
    except MessageLinksFailed as failure:
        return _page(request, channel, "links", failure=_words(failure))
    codes = [link.external_id for link in every]
    start = codes.index(after) + 1 if after in codes else 0
    here = every[start : start + _PAGE]
    more = here[-1].external_id if start + _PAGE < len(every) else ""
    return _page(
        request,
        channel,
        "links",
        rows=[Shown(link) for link in here],
        count=len(every),
        more=more,
        is_later_page=bool(start),
    )


@form_page
@requires(Action.CONNECT, own_transactions=WAITS)
def message_link_new(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = _find(request, key)
    if channel.integration is None:
        return _gone(request, channel)
    longest = gateway.message_link_text(channel.provider)
    form = MessageLinkForm(
        request.POST if request.method == "POST" else None, longest=longest
    )
    if form.is_valid():
        text = form.cleaned_data["text"]
        ip = client_ip(request)
        try:
            link, is_new = service.create(channel, text, actor=request.user, ip=ip)
        except NotConnectable:
            return _gone(request, channel)
        except MessageLinksFailed as failure:
            form.add_error(None, _words(failure))
        else:
            _tell(request, is_new=is_new)
            return redirect(f"{_here(request, channel)}#link-{link.external_id}")
    return _page(request, channel, "link_new", form=form, longest=longest)


@form_page
@requires(Action.CONNECT, own_transactions=WAITS)
def message_link_delete(
    request: WorkspaceRequest, key: uuid.UUID, code: str
) -> HttpResponse:
    channel = _find(request, key)
    try:
        if request.method == "POST":
            service.delete(channel, code, actor=request.user, ip=client_ip(request))
            messages.success(request, _("The message link was deleted."))
            return redirect(_here(request, channel))
        link = service.find(channel, code)
    except NotConnectable:
        return _gone(request, channel)
    except MessageLinksFailed as failure:
        messages.error(request, _words(failure))
        return redirect(_here(request, channel))
    if link is None:
        messages.info(request, _("This message link is gone already."))
        return redirect(_here(request, channel))
    return _page(request, channel, "link_delete", link=link)


@require_safe
@requires(Action.READ, own_transactions=WAITS)
def message_link_qr(
    request: WorkspaceRequest, key: uuid.UUID, code: str
) -> HttpResponse:
    """The link's address as a QR code to print, dark on its own white ground."""
    channel = _find(request, key)
    try:
        link = service.find(channel, code)
    except NotConnectable:
        return _gone(request, channel)
    except MessageLinksFailed as failure:
        messages.error(request, _words(failure))
        return redirect(_here(request, channel))
    if link is None:
        raise Http404
    name = f'attachment; filename="{link.external_id}.svg"'
    return HttpResponse(
        qr.svg(link.url),
        content_type="image/svg+xml",
        headers={"Content-Disposition": name},
    )


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Channel:
    """A number of the reader's workspace whose provider keeps such links."""
    channel = find_channel(request, key)
    if not gateway.message_link_text(channel.provider):
        raise Http404
    return channel


def _gone(request: WorkspaceRequest, channel: Channel) -> HttpResponse:
    return _page(request, channel, "links", is_gone=True)


def _here(request: WorkspaceRequest, channel: Channel) -> str:
    names = {"workspace_slug": request.workspace.slug, "key": channel.key}
    return reverse("integrations:message-links", kwargs=names)


def _words(failure: MessageLinksFailed) -> str:
    return words.failed(failure.problem, failure.reason)


def _tell(request: WorkspaceRequest, *, is_new: bool) -> None:
    if is_new:
        messages.success(request, _("The message link is ready."))
    else:
        messages.info(request, _("There is a message link with this text already."))


def _page(
    request: WorkspaceRequest, channel: Channel, part: str, **more: Any
) -> HttpResponse:
    context = {
        "channel": channel,
        "provider": registry.label_of(channel.provider),
        "back_url": _here(request, channel),
        **more,
    }
    return render(request, f"integrations/message_{part}.html", context)
