"""What is set up about a number: its name, what people see of us, and its credentials.

Where its provider posts to has a page of its own (`subscription`).
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations import links
from integrations.forms import ReplaceForm
from integrations.models import Channel, Problem
from integrations.number_forms import NameForm, ReceiptsForm
from integrations.providers import registry
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services import acts, credentials
from integrations.services.asking import NotConnectable
from integrations.services.connections import NumberTaken
from integrations.services.credentials import CredentialsStale, Replaced
from integrations.services.places import PlaceTaken
from integrations.services.sessions import SessionFailed
from integrations.views.channel_acts import WAITS
from integrations.views.channels import find_channel

_CONFLICT = 409
form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.CONNECT)
def channel_name(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    form = NameForm(
        request.POST if request.method == "POST" else None,
        initial={"name": channel.display_name},
    )
    if not form.is_valid():
        return _page(request, channel, "name", form=form)
    changed = acts.rename(
        channel,
        name=form.cleaned_data["name"],
        actor=request.user,
        ip=client_ip(request),
    )
    messages.success(request, _("Name saved.") if changed else _("Nothing changed."))
    return redirect(links.number(channel, request.workspace))


@form_page
@requires(Action.CONNECT)
def channel_receipts(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    form = ReceiptsForm(
        request.POST if request.method == "POST" else None, channel=channel
    )
    if not form.is_valid():
        return _page(request, channel, "receipts", form=form)
    changed = acts.set_receipts(
        channel,
        marks_read=form.cleaned_data["marks_read"],
        shows_typing=form.cleaned_data["shows_typing"],
        actor=request.user,
        ip=client_ip(request),
    )
    messages.success(request, _("Saved.") if changed else _("Nothing changed."))
    return redirect(links.number(channel, request.workspace))


@sensitive_post_parameters()
@form_page
@requires(Action.CONNECT, own_transactions=WAITS)
def channel_credentials(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    try:
        stored = credentials.stored(channel)
        adapter = registry.get(channel.provider)
    except (NotConnectable, registry.UnknownProvider):
        return _page(request, channel, "credentials", form=None)
    form = ReplaceForm(
        request.POST if request.method == "POST" else None,
        adapter=adapter,
        stored=stored,
    )
    status = 200
    if form.is_valid():
        replaced, status = _replace(request, channel, form)
        if replaced is not None:
            _tell_replaced(request, replaced)
            if not replaced.is_told:
                return redirect(
                    "integrations:channel-webhook", request.workspace.slug, channel.key
                )
            return redirect(links.number(channel, request.workspace))
    if status == _CONFLICT:
        stored = credentials.stored(channel)
        form.data = {**form.data, "version": stored.version}
    answer = _page(
        request,
        channel,
        "credentials",
        status=status,
        form=form,
        is_readable=stored.is_readable,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _replace(
    request: WorkspaceRequest, channel: Channel, form: ReplaceForm
) -> tuple[Replaced | None, int]:
    """What became of it, else the status of the form that says why not."""
    try:
        replaced = credentials.replace(
            channel,
            form.entered,
            version=form.cleaned_data["version"],
            actor=request.user,
            ip=client_ip(request),
        )
    except CredentialsInvalid as error:
        form.refuse(error.problems)
    except SessionFailed as failure:
        form.add_failure(failure)
    except NumberTaken:
        form.add_error(None, Problem.NUMBER_TAKEN.label)
    except PlaceTaken as taken:
        form.refuse_place(taken)
    except CredentialsStale:
        form.add_error(
            None,
            _(
                "Somebody else replaced the credentials meanwhile. Save again for yours."
            ),
        )
        return None, _CONFLICT
    else:
        return replaced, 200
    return None, 200


def _tell_replaced(request: WorkspaceRequest, replaced: Replaced) -> None:
    if not replaced.is_told:
        messages.warning(
            request,
            _(
                "The provider does not know of the change yet: set the webhook here. What it "
                "still proves by the word of before is accepted for 7 days."
            ),
        )
    if not replaced.changed:
        messages.success(request, _("Tested: these are the credentials in use."))
    elif replaced.is_tested:
        messages.success(request, _("Tested and saved. They are in use from now on."))
    else:
        messages.success(
            request,
            _("Saved. This provider cannot be asked: the next message is the proof."),
        )


def _page(
    request: WorkspaceRequest,
    channel: Channel,
    part: str,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "channel": channel,
        "provider": registry.label_of(channel.provider),
        "back_url": links.number(channel, request.workspace),
        **more,
    }
    return render(request, f"integrations/channel_{part}.html", context, status=status)
