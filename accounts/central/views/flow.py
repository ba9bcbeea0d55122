"""allauth's pages of the flow, with an honest status and an end to what a sign-out ends."""

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.idp.oidc.models import Client
from allauth.idp.oidc.views import AuthorizationView, LogoutView
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt
from django.views.generic.edit import FormView

from accounts.central import consents, families
from accounts.central.views.guard import person_of


class _AsksOnce(FormView):  # type: ignore[type-arg]  # of allauth's form, which has no types
    """What allauth's view goes on to where it would ask: nothing, if it was allowed before."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = self._request_info["request"]  # type: ignore[attr-defined]  # allauth's
        wants_page = "consent" in request.GET.get("prompt", "").split()
        if not wants_page and consents.covers(
            user=person_of(request),
            client=asked.client,
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
        ):
            response: HttpResponse = self._skip_consent()  # type: ignore[attr-defined]  # allauth's
            return response
        return super().get(request, *args, **kwargs)


class Authorization(AuthorizationView, _AsksOnce):  # type: ignore[misc]  # allauth ships no types
    # allauth's own decorators sit on the method that this one takes the place of.
    @method_decorator((xframe_options_deny, csrf_exempt, login_not_required))
    @transaction.atomic
    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        # allauth answers 200 to a client that it tells the person not to trust.
        is_page = response.status_code == HTTPStatus.OK
        if is_page and not isinstance(response, TemplateResponse):
            response.status_code = HTTPStatus.BAD_REQUEST
        response.headers["Cache-Control"] = "no-store"
        return response

    def _login_required(self, request: HttpRequest) -> HttpResponseBase | None:
        """`prompt=none` is OpenID Connect's; without it allauth would go on with nobody."""
        response: HttpResponseBase | None = super()._login_required(request)
        may_be_silent = request.method == "GET" and "openid" in (
            request.GET.get("scope", "openid").split()
        )
        if response is None and not request.user.is_authenticated and not may_be_silent:
            return redirect_to_login(request.get_full_path())
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        is_answer = self.request.method == "POST" and _has_code(response)
        if is_answer:
            consents.remember(
                user=person_of(self.request),
                client=Client.objects.get(pk=self._request_info["client_id"]),
                scopes=form.cleaned_data["scopes"],
                now=timezone.now(),
            )
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        address = self._request_info["redirect_uri"]
        return context | {
            "leads_to": urlsplit(address).netloc,
            "is_remembered": consents.is_remembered(context["client"], address),
        }


class Logout(LogoutView):  # type: ignore[misc]  # allauth ships no types
    def _handle(self, form: Any, op_logout: bool) -> HttpResponse:  # allauth's
        """In this browser: allauth would end the client's tokens on every other one too."""
        client, form.cleaned_data["client"] = form.cleaned_data["client"], None
        session_key = self.request.session.session_key
        if client is not None and session_key:
            families.end_with_session(session_key, client=client)
        response: HttpResponse = super()._handle(form, op_logout)
        return response


def _has_code(response: HttpResponse) -> bool:
    return "code" in parse_qs(urlsplit(response.headers.get("Location", "")).query)


authorization = Authorization.as_view()
logout = Logout.as_view()
