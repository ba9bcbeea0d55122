"""A short way for programs, limits, and a way back to the client for people's forms."""

from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from allauth.idp.oidc.models import Client
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.api import answers
from accounts.central import api, clients
from accounts.middleware import LimitMiddleware

Handler = Callable[[HttpRequest], HttpResponse]
_STAGE = "account_login"  # where allauth keeps a sign-in that waits for a second factor


class ApiLane:
    """Resource servers ask at every request: session, language and policy are not theirs."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = api.VIEWS.get(request.path_info)
        return view(request) if view is not None else self.get_response(request)


class CentralLimits(LimitMiddleware):
    """What programs call is limited too, and they read why in their own form.

    By client for whoever shows its secret: a resource server asks for everybody from one
    address. By address for the others, wrong secrets among them: each of those counts
    before it is answered, and above the limit is not answered at all.
    """

    BY_ADDRESS: ClassVar[dict[str, str]] = LimitMiddleware.BY_ADDRESS | {
        "idp:oidc:token": "oauth_address",
        "idp:oidc:introspect": "oauth_address",
        "idp:oidc:revoke": "oauth_address",
        "idp:oidc:userinfo": "oauth_address",
        "central:invitation-create": "oauth_address",
    }

    POSTS_BY_ADDRESS: ClassVar[dict[str, str]] = LimitMiddleware.POSTS_BY_ADDRESS | {
        "central:address-confirm": "sign_in_address",  # it sends a mail
    }

    def subject(self, request: HttpRequest, scope: str) -> tuple[str, str]:
        client = clients.authenticated(request) if scope == "oauth_address" else None
        if client is not None:
            return "oauth_client", client.pk
        return super().subject(request, scope)

    def too_many(self, request: HttpRequest, scope: str, seconds: int) -> HttpResponse:
        if scope in {"oauth_address", "oauth_client"}:
            return answers.too_many(seconds).as_response()
        return super().too_many(request, scope, seconds)


class FormTargetMiddleware:
    """Browsers hold a form to its page's policy through every redirect that follows.

    A sign-in that was asked for by a client ends at that client, so the pages on the way
    name its address, and no other one, as a target.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            targets = _targets(request)
            if targets:
                let_form_end_at(response, targets)
        return response


def let_form_end_at(response: HttpResponse, origins: set[str]) -> None:
    """Name these beside our own address as targets of the page's forms."""
    response._csp_update = {"form-action": sorted(origins)}  # type: ignore[attr-defined]  # django-csp's own way  # noqa: SLF001


def _targets(request: HttpRequest) -> set[str]:
    found: set[str] = set()
    for way in _ways_on(request):
        parts = urlsplit(way)
        asked = {name: told[0] for name, told in parse_qs(parts.query).items()}
        if parts.path == reverse("idp:oidc:authorization") or parts.path == reverse(
            "idp:oidc:logout"
        ):
            found |= _origins(asked.get("client_id", ""))
    return found


def _ways_on(request: HttpRequest) -> list[str]:
    """Where this page's form may end: the page itself, or what it comes back to."""
    ways = [request.get_full_path(), request.GET.get("next", "")]
    if request.method == "POST":
        ways.append(request.POST.get("next", ""))
    waiting = request.session.get(_STAGE) if hasattr(request, "session") else None
    if isinstance(waiting, dict):
        ways.append(waiting.get("redirect_url") or "")
    return [way for way in ways if way]


def _origins(client_id: str) -> set[str]:
    if not client_id or "\0" in client_id:
        return set()
    client = Client.objects.filter(
        pk=client_id, application__disabled_at__isnull=True
    ).first()
    return clients.origins(client) if client else set()
