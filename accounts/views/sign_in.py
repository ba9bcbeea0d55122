"""The door: the sign-in page, the way out, and what a workspace's admins see of both."""

from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.sso import grants, server, sessions


class SignInPage(LoginView):  # type: ignore[misc]  # allauth ships no types
    """One button to the identity server; the password form where the installation has it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "server": server.configured(),
            "has_password": settings.PASSWORD_SIGNIN,
        }


class SignOut(LogoutView):  # type: ignore[misc]  # allauth ships no types
    """Signs out at the server too: tokens go back, and the browser goes there if it may."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        there = _leave_server(self.request)
        response: HttpResponse = super().post(*args, **kwargs)
        return redirect(there) if there else response


@require_safe
def set_password(request: HttpRequest) -> HttpResponse:
    """allauth leads here whoever has no password; see AccountAdapter.set_password."""
    messages.info(
        request, _("You sign in at the identity server: no password is kept here.")
    )
    return redirect("accounts:session-list")


def _leave_server(request: HttpRequest) -> str:
    if not request.user.is_authenticated:
        return ""
    session = sessions.of(request, request.user)
    grant = getattr(session, "grant", None)
    known = server.configured()
    if grant is None or known is None or grant.issuer != known.issuer:
        return ""
    return grants.give_back(grant, known)
