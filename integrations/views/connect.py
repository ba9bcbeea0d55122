"""The wizard that connects a number: a provider, its credentials, and on to the session.

Each step has an address of its own, so a page that was left is found again. Nothing is kept
before the provider has accepted what was entered. `views/sessions.py` comes after.
"""

import uuid
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.models import Workspace
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations import links, offers
from integrations.forms import ConnectForm
from integrations.models import Channel, Problem, Session, SessionKind
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import CredentialsInvalid, Unsupported
from integrations.selectors import connecting
from integrations.services import connections, returns, sessions
from integrations.services.connections import (
    AddedAlready,
    NameInvalid,
    NumberTaken,
)
from integrations.services.places import PlaceTaken
from integrations.services.returns import StateInvalid
from integrations.services.sessions import Actor, SessionFailed


@require_safe
@requires(Action.CONNECT)
def provider_list(request: WorkspaceRequest) -> HttpResponse:
    context = {"offers": offers.list_offers()}
    return render(request, "integrations/connect_provider.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CONNECT, own_transactions="the provider is asked about credentials")
def credentials(request: WorkspaceRequest, provider: str) -> HttpResponse:
    try:
        adapter = registry.get(provider)
    except registry.UnknownProvider:
        raise Http404 from None
    kinds = adapter.session_kinds()
    told = request.GET.get("way", "")
    kind = told if told in kinds else kinds[0]
    if request.method == "POST":
        return _connect(request, adapter, kind)
    with workspace_transaction(request.workspace.pk):
        name = connecting.free_name(request.workspace, "WhatsApp")
    form = ConnectForm(adapter=adapter, kind=kind, initial={"name": name})
    return _show(request, form, kind)


def _is_tried(request: WorkspaceRequest, form: ConnectForm) -> bool:
    """Whether the provider accepts what was entered, or cannot be asked; else it is said."""
    try:
        sessions.try_credentials(
            workspace=request.workspace,
            provider=form.adapter.slug,
            credentials=form.cleaned_data["credentials"],
        )
    except SessionFailed as failure:
        if failure.problem != Problem.UNSUPPORTED:
            form.add_failure(failure)
            return False
    return True


def _show(
    request: WorkspaceRequest,
    form: ConnectForm,
    kind: str,
    *,
    taken: Channel | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "offer": offers.find_offer(form.adapter.slug),
        "way": offers.way(kind),
        "taken": taken,
    }
    status = 422 if form.is_bound else 200
    answer = render(
        request, "integrations/connect_credentials.html", context, status=status
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _connect(request: WorkspaceRequest, adapter: Adapter, kind: str) -> HttpResponse:
    form = ConnectForm(request.POST, adapter=adapter, kind=kind)
    if not form.is_valid():
        return _show(request, form, kind)
    draft = form.cleaned_data["draft"] or uuid.uuid4()
    before = connections.find_added(request.workspace, key=draft)
    if before is not None:
        return _to_session(request, before)
    try:
        connections.check_place(
            request.workspace, adapter.slug, form.cleaned_data["credentials"]
        )
    except PlaceTaken as taken:
        form.refuse_place(taken)
        return _show(request, form, kind, taken=taken.channel)
    if not _is_tried(request, form):
        return _show(request, form, kind)
    # A gateway's key opens the gateway; which phone it is linked to, a scan will show.
    is_proven = (
        kind == SessionKind.CREDENTIALS
        and Capability.SESSION_PROBE in adapter.capabilities
    )
    return _add(request, form, kind, draft, is_proven=is_proven)


def _add(
    request: WorkspaceRequest,
    form: ConnectForm,
    kind: str,
    draft: uuid.UUID,
    *,
    is_proven: bool,
) -> HttpResponse:
    try:
        added = connections.add_integration(
            workspace=request.workspace,
            provider=form.adapter.slug,
            name=form.cleaned_data["name"],
            credentials=form.cleaned_data["credentials"],
            now=timezone.now(),
            actor=request.user,
            key=draft,
            is_proven=is_proven,
        )
    except AddedAlready as before:
        return _to_session(request, before.channel)
    except CredentialsInvalid as invalid:
        form.refuse(invalid.problems)
    except NameInvalid:
        text = gettext("Another number has this name already. Choose another one.")
        form.add_error("name", text)
    except NumberTaken as taken:
        form.add_error("phone_number", _taken_words(taken))
        return _show(request, form, kind, taken=taken.channel)
    except PlaceTaken as taken:
        form.refuse_place(taken)
        return _show(request, form, kind, taken=taken.channel)
    else:
        channel = added.channel
        sessions.open_session(
            channel,
            return_url=links.link_return(
                form.adapter.slug, request.workspace, kind=kind
            ),
            actor=Actor(request.user),
        )
        return _to_session(request, channel)
    return _show(request, form, kind)


def _taken_words(taken: NumberTaken) -> str:
    if taken.channel is not None:
        return gettext("This workspace has this number already.")
    return gettext(
        "This number is connected in another workspace of this installation. It must be "
        "removed there before it can be connected here; nothing was kept."
    )


@require_GET  # a HEAD, as a preview of the link sends, must not use the state up
@requires(Action.CONNECT, own_transactions="the provider is asked whether it is so")
def link_return(request: WorkspaceRequest, provider: str) -> HttpResponse:
    """A provider's link led somebody back: believed once the provider says the same."""
    try:
        told = registry.get(provider).read_return(request.META.get("QUERY_STRING", ""))
    except (registry.UnknownProvider, Unsupported):
        raise Http404 from None
    try:
        session = returns.come_back(
            request.workspace,
            state=told.state,
            external_id=told.external_id,
            return_url=links.link_return(
                provider, request.workspace, kind=SessionKind.EXTERNAL_LINK
            ),
            actor=Actor(request.user),
        )
    except StateInvalid:
        context = {"offer": offers.find_offer(provider)}
        return render(request, "integrations/return_invalid.html", context, status=410)
    return _to_session(request, _channel_of(request.workspace, session))


def _channel_of(workspace: Workspace, session: Session) -> Channel:
    with workspace_transaction(workspace.pk):
        channel: Channel = Channel.objects.for_workspace(workspace).get(
            pk=session.channel_id
        )
    return channel


def _to_session(request: WorkspaceRequest, channel: Channel) -> HttpResponseRedirect:
    return HttpResponseRedirect(links.session(channel, request.workspace))
