"""How people sign in, as a workspace's admins see it: the server, its rules, the last attempts.

The server is set by whoever runs Recado, in the environment; no secret of it is shown.
"""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.models import SignInEvent, SignInRule
from accounts.permissions import Action
from accounts.services import sign_in_rules
from accounts.sso import journal, metadata, server
from accounts.sso.forms import SignInRuleForm
from accounts.sso.metadata import Metadata
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from accounts.views import sessions

_MOST_EVENTS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_MEMBERS)
def page(request: WorkspaceRequest) -> HttpResponse:
    form = SignInRuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sign_in_rules.add(
                workspace=request.workspace,
                actor=request.user,
                ip=client_ip(request),
                **form.cleaned_data,
            )
        except sign_in_rules.RuleTaken:
            form.add_error("value", _("There is a line for this value already."))
        except sign_in_rules.TooManyRules:
            form.add_error("value", _too_many())
        else:
            messages.success(request, _("Line added. It counts from the next sign-in."))
            return redirect("accounts:settings-sign-in", request.workspace.slug)
    known = server.configured()
    told = {
        "form": form,
        "server": known,
        "endpoints": _endpoints(known),
        "rules": _rules(request),
        "attempts": [_attempt(one) for one in _events(request)],
    }
    return render(request, "accounts/settings/sign_in.html", told)


@require_POST
@requires(Action.MANAGE_MEMBERS)
def delete_rule(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    if not sign_in_rules.remove(
        workspace=request.workspace,
        key=key,
        actor=request.user,
        ip=client_ip(request),
    ):
        raise Http404
    messages.success(request, _("Line removed. Whoever it let in stays a member."))
    return redirect("accounts:settings-sign-in", request.workspace.slug)


def _too_many() -> str:
    return _(
        "There are %(count)s lines already, which is as many as there may be. "
        "Remove one that nobody needs."
    ) % {"count": sign_in_rules.MOST}


def _rules(request: WorkspaceRequest) -> list[SignInRule]:
    rules = SignInRule.objects.for_workspace(request.workspace)
    return list(rules.order_by("claim", "value"))


def _events(request: WorkspaceRequest) -> list[SignInEvent]:
    workspace = request.workspace
    return list(journal.list_for_workspace(workspace)[:_MOST_EVENTS])


def _attempt(event: SignInEvent) -> tuple[SignInEvent, sessions.Attempt]:
    return event, sessions.attempt(event)


def _endpoints(known: Server | None) -> Metadata | None:
    """None while the server cannot be asked: the page says so."""
    try:
        return metadata.of(known) if known else None
    except SignInRefused:
        return None
