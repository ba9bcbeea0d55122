"""Service tokens of a workspace: the list, making one, revoking one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import selectors
from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.models import ApiToken
from accounts.permissions import Action, Scope, scopes_of
from accounts.services import tokens
from accounts.token_forms import SCOPE_LABELS, TokenForm


@dataclass(frozen=True, slots=True)
class TokenRow:
    token: ApiToken
    state: str  # active, expired or revoked
    scopes: Sequence[str | Promise]


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def token_list(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.now()
    rows = []
    for token in selectors.list_api_tokens(request.workspace):
        state = "active" if token.is_live(now) else "expired"
        state = "revoked" if token.revoked_at is not None else state
        labels = [SCOPE_LABELS[scope] for scope in Scope if scope in token.scopes]
        rows.append(TokenRow(token, state, labels))
    return render(request, "accounts/settings/token_list.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_WORKSPACE)
def token_new(request: WorkspaceRequest) -> HttpResponse:
    """The secret stands on the answer itself: no address leads to it again."""
    allowed = scopes_of(request.membership.role)
    if request.method != "POST":
        return _form(request, TokenForm(allowed=allowed))
    form = TokenForm(request.POST, allowed=allowed)
    if not form.is_valid():
        return _form(request, form)
    now = timezone.now()
    try:
        made = tokens.make_token(
            workspace=request.workspace,
            name=form.cleaned_data["name"],
            scopes=form.scopes,
            expires_at=form.expires_at(now),
            allowed=allowed,
            actor=request.user,
            ip=client_ip(request),
            now=now,
        )
    except tokens.TokenInvalid as error:
        form.refuse(error.problems)
        return _form(request, form)
    context = {"token": made.token, "secret": made.secret}
    return render(request, "accounts/settings/token_made.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_WORKSPACE)
def token_revoke(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    token = selectors.find_api_token_by_key(request.workspace, key)
    if token is None:
        raise Http404
    if request.method != "POST":
        context = {"token": token}
        return render(request, "accounts/settings/token_revoke.html", context)
    has_changed = tokens.revoke_token(
        token, actor=request.user, ip=client_ip(request), now=timezone.now()
    )
    if has_changed:
        messages.success(request, gettext("The token was revoked."))
    return redirect("tokens:token-list", request.workspace.slug)


def _form(request: WorkspaceRequest, form: TokenForm) -> HttpResponse:
    return render(request, "accounts/settings/token_form.html", {"form": form})
