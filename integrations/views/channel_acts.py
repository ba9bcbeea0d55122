"""What people who may connect order of a number. Each asks the right and is audited.

Its own page and the page of its session order here, and are come back to. They wait for a
provider, so they hold no transaction: the services open their own.
"""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations import links, words
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Problem, Session, SessionState
from integrations.number_forms import RemoveForm
from integrations.providers import registry
from integrations.selectors import number
from integrations.services import acts, removal, sessions
from integrations.services.asking import NotConnectable
from integrations.services.sessions import Actor, SessionFailed
from integrations.views.channels import find_channel

WAITS = "a provider is asked meanwhile"
_SESSION = "session"  # `back=session`: ordered on the page of the session
confirmed = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@requires(Action.CONNECT, own_transactions=WAITS)
def check(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    try:
        session = acts.check_now(channel, actor=request.user, ip=client_ip(request))
    except (acts.NothingToAsk, NotConnectable):
        messages.info(
            request, _("There is nobody to ask about this number at the moment.")
        )
    else:
        _tell(request, channel, session)
    return redirect(links.number(channel, request.workspace))


@require_POST
@requires(Action.CONNECT, own_transactions=WAITS)
def reconnect(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    return _opened(
        request,
        channel,
        lambda: acts.reconnect(channel, actor=request.user, ip=client_ip(request)),
    )


@confirmed
@requires(Action.CONNECT, own_transactions=WAITS)
def start_clean(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    session = sessions.find_session(channel)
    if request.method != "POST":
        seen = acts.mark_of(session)
        return _ask(request, channel, "start_clean", seen=seen)
    return _opened(
        request,
        channel,
        lambda: acts.start_clean(
            channel,
            seen=request.POST.get("seen", ""),
            actor=request.user,
            ip=client_ip(request),
        ),
    )


@confirmed
@requires(Action.CONNECT, own_transactions=WAITS)
def disconnect(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    if request.method != "POST":
        return _ask(request, channel, "disconnect")
    try:
        sessions.disconnect(channel, actor=Actor(user=request.user))
    except SessionFailed as failure:
        _tell_failure(request, failure)
    except NotConnectable:
        pass  # removed meanwhile: it is disconnected
    else:
        messages.success(
            request,
            _("The number is disconnected. You can connect it again at any time."),
        )
    return redirect(_home(request, channel))


@confirmed
@requires(Action.CONNECT, own_transactions=WAITS)
def remove(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = find_channel(request, key)
    form = RemoveForm(
        request.POST if request.method == "POST" else None, channel=channel
    )
    if not form.is_valid():
        return _ask(request, channel, "remove", form=form)
    removed = removal.remove(channel, actor=Actor(user=request.user))
    messages.success(
        request,
        _("The number was removed. Its conversations, leads and history stay."),
    )
    if removed.left_behind is not None:
        messages.warning(
            request,
            _(
                "The provider could not be told (%(why)s). Remove the session there too, "
                "in its own panel."
            )
            % {"why": words.failed(removed.left_behind.problem)},
        )
    return redirect("integrations:channel-list", request.workspace.slug)


def _ask(
    request: WorkspaceRequest, channel: Channel, act: str, **more: object
) -> HttpResponse:
    """The page that says what the order does, before it is given."""
    context = {
        "channel": channel,
        "provider": registry.label_of(channel.provider),
        "back": _back(request),
        "back_url": _home(request, channel),
        **more,
    }
    return render(request, f"integrations/channel_{act}.html", context)


def _opened(
    request: WorkspaceRequest, channel: Channel, order: Callable[[], Session | None]
) -> HttpResponse:
    """Carry an order out that opens a session, and go where it is finished."""
    try:
        session = order()
    except NotConnectable:
        messages.warning(
            request,
            _("This number was removed. Connect it anew from the list of numbers."),
        )
        return redirect("integrations:channel-list", request.workspace.slug)
    except registry.UnknownProvider:
        text = _("This installation does not offer %(provider)s any more.")
        messages.error(request, text % {"provider": channel.provider})
        return redirect(_home(request, channel))
    except CredentialsUnreadable:
        label = registry.label_of(channel.provider)
        why = words.why(Problem.CREDENTIALS_UNREADABLE, provider=label)
        messages.error(request, why)
        return redirect(_home(request, channel))
    if session is None or _back(request) == _SESSION or _needs_somebody(session):
        return redirect(links.session(channel, request.workspace))
    _tell(request, channel, session)
    return redirect(links.number(channel, request.workspace))


def _back(request: HttpRequest) -> str:
    return request.POST.get("back") or request.GET.get("back", "")


def _home(request: WorkspaceRequest, channel: Channel) -> str:
    """The page that the order was given on."""
    page = links.session if _back(request) == _SESSION else links.number
    return page(channel, request.workspace)


def _needs_somebody(session: Session) -> bool:
    """A code to scan or a link to open: its own page goes on with it."""
    return bool(session.payload or session.pairing_code) or (
        session.state == SessionState.AWAITING_USER
    )


def _tell(request: HttpRequest, channel: Channel, session: Session) -> None:
    """What came of asking, in a sentence."""
    told = number.standing(channel, session)
    if session.state == SessionState.CONNECTED:
        messages.success(request, _("The provider says: connected."))
    elif told.problem:
        messages.warning(
            request,
            _("%(state)s. %(why)s")
            % {"state": told.word, "why": words.failed(told.problem, told.reason)},
        )
    else:
        messages.info(
            request, _("How it stands now: %(state)s.") % {"state": told.word}
        )


def _tell_failure(request: HttpRequest, failure: SessionFailed) -> None:
    messages.error(
        request,
        _("The provider did not do it, so nothing was changed. %(why)s")
        % {"why": words.failed(failure.problem, failure.reason)},
    )
