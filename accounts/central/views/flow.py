"""allauth's pages of the flow, with an honest status and an end to what a sign-out ends."""

from http import HTTPStatus
from typing import Any

from allauth.idp.oidc.views import AuthorizationView, LogoutView
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt

from accounts.central import families


class Authorization(AuthorizationView):  # type: ignore[misc]  # allauth ships no types
    # allauth's own decorators sit on the method that this one takes the place of.
    @method_decorator((xframe_options_deny, csrf_exempt, login_not_required))
    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        # allauth answers 200 to a client that it tells the person not to trust.
        is_page = response.status_code == HTTPStatus.OK
        if is_page and not isinstance(response, TemplateResponse):
            response.status_code = HTTPStatus.BAD_REQUEST
        response.headers["Cache-Control"] = "no-store"
        return response


class Logout(LogoutView):  # type: ignore[misc]  # allauth ships no types
    def _handle(self, form: Any, op_logout: bool) -> HttpResponse:  # allauth's
        client = form.cleaned_data["client"]
        if client is not None and self.request.user.is_authenticated:
            with transaction.atomic():
                families.revoke_all(
                    client=client, user=self.request.user, why="signed_out"
                )
        response: HttpResponse = super()._handle(form, op_logout)
        return response


authorization = Authorization.as_view()
logout = Logout.as_view()
