"""The door: the sign-in page, the way out, and what a workspace's admins see of both."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.views import EmailView, LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import emails, selectors
from accounts.models import BrowserSession, OAuthGrant, User
from accounts.services import unproven
from accounts.sso import farewell, server, sessions

_WAY_ON = "way_on"


class SignInPage(LoginView):  # type: ignore[misc]  # allauth ships no types
    """One button to the identity server; the password form where the installation has it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Back from signing out at the server, where no address of ours goes along."""
        way_on = request.session.pop(_WAY_ON, "")
        if way_on and REDIRECT_FIELD_NAME not in request.GET:
            return redirect_to_login(way_on)
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "server": server.configured(),
            "is_own_server": bool(settings.CENTRAL_URL),
            "has_password": settings.PASSWORD_SIGNIN,
        }


class SignOut(LogoutView):  # type: ignore[misc]  # allauth ships no types
    """Signs out at the server too: tokens go back, and the browser goes there if it may."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        request = self.request
        with transaction.atomic():
            gone = _grants_here(request)
            response: HttpResponse = super().post(*args, **kwargs)
        there = _leave_server(request, gone)
        if not there:
            return response
        way_on = self.get_next_url()
        if way_on:  # such as an invitation, with which they wanted to sign in anew
            request.session[_WAY_ON] = way_on
            sessions.shorten(request)
        return redirect(there)


class EmailAddresses(EmailView):  # type: ignore[misc]  # allauth ships no types
    """The first of one's addresses names one to all others, so it is a proven one.

    allauth lets whoever has proven none choose any.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "action_primary" in request.POST and not _may_be_first(request):
            words = "account/messages/unverified_primary_email.txt"
            get_adapter().add_message(request, messages.ERROR, words)
            return redirect("account_email")
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


@require_safe
def set_password(request: HttpRequest) -> HttpResponse:
    """allauth leads here whoever has no password; see AccountAdapter.set_password."""
    messages.info(
        request, _("You sign in at the identity server: no password is kept here.")
    )
    return redirect("accounts:session-list")


def _may_be_first(request: HttpRequest) -> bool:
    email = emails.normal(request.POST.get("email", ""))
    if not request.user.is_authenticated or "\0" in email:
        return False
    if not selectors.has_proven(request.user, email):
        return False
    unproven.release(email)
    return not User.objects.exclude(pk=request.user.pk).filter(email=email).exists()


def _grants_here(request: HttpRequest) -> list[OAuthGrant]:
    """The tokens of this browser, one or none, as they are before they go."""
    if not request.user.is_authenticated:
        return []
    session = sessions.of(request, request.user)
    if session is None:
        return []
    return sessions.held_grants(BrowserSession.objects.filter(pk=session.pk))


def _leave_server(request: HttpRequest, gone: list[OAuthGrant]) -> str:
    """Where the browser goes next; a server that was not reached a moment ago is spared."""
    known = server.configured()
    is_told = farewell.tell(request, gone, now=timezone.now())
    if known is None or not is_told:
        return ""
    ways = [farewell.way_out(one, known) for one in gone if one.issuer == known.issuer]
    return next(iter(ways), "")
