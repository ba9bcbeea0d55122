"""An invitation: made by Recado's server, accepted by the person it is for."""

import json
from typing import Any, TypedDict

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.idp.oidc.models import Client
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.central import clients, people, rules
from accounts.central.forms import InvitedForm
from accounts.central.middleware import let_form_end_at
from accounts.http import neighbourhood
from accounts.models import User

LARGEST_BODY = 10_000


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """`{"email", "name", "return_to", "mailed"}` by a first-party client.

    Gives `{"url", "sub", "expires_at"}`: the link, and the subject of the account that it
    makes. `mailed` is true where the client mailed this address what led here and showed
    it to nobody: then the address counts as verified. 409 tells that the person has an account already and can simply sign in.
    """
    client = clients.authenticated(request)
    if client is None or not client.application.is_first_party:
        response = JsonResponse({"error": "invalid_client"}, status=401)
        response.headers["WWW-Authenticate"] = 'Basic realm="recado"'
        return response
    told = _body(request)
    if told is None or not _may_return(client, told["return_to"]):
        return JsonResponse({"error": "invalid_request"}, status=400)
    try:
        made = people.invite(
            email=told["email"],
            name=told["name"],
            return_to=told["return_to"],
            is_mailed=told["mailed"],
            now=timezone.now(),
            actor_label=f"client:{client.pk}",
        )
    except people.PersonInvalid as refusal:
        status = 409 if refusal.problem == "taken" else 400
        return JsonResponse({"error": refusal.problem}, status=status)
    return JsonResponse(
        {
            "url": f"{rules.issuer()}{made.path}",
            "sub": str(made.invitation.sub),
            "expires_at": made.invitation.expires_at.isoformat(),
        },
        status=201,
    )


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link uses nothing up: mail programs open links too.

    Tries are counted before they are looked at; only links that lead nowhere add up.
    """
    address = neighbourhood(request)
    limits.demand("invitation_address", address, now=timezone.now())
    invitation = people.find_invitation(token, now=timezone.now())
    if invitation is None:
        return render(request, "central/invitation_gone.html", status=410)
    limits.uncount("invitation_address", address)
    initial = {"name": invitation.name}
    form = InvitedForm(request.POST or None, email=invitation.email, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                user, used = people.accept(
                    token,
                    name=form.cleaned_data["name"],
                    password=form.cleaned_data["password"],
                    now=timezone.now(),
                    request=request,
                )
        except people.PersonInvalid:
            return render(request, "central/invitation_gone.html", status=410)
        # They typed it a moment ago; a second factor can be set up without asking again.
        record_authentication(request, user, "password", reauthenticated=True)
        signed_in: HttpResponse = perform_login(
            request, user, redirect_url=used.return_to or "/"
        )
        return signed_in
    context = {
        "form": form,
        "email": invitation.email,
        "ends_other": User.objects.filter(email=invitation.email).exists(),
    }
    page = render(request, "central/invitation.html", context)
    if invitation.return_to:
        let_form_end_at(page, {clients.origin_of(invitation.return_to)})
    return page


class Told(TypedDict):
    email: str
    name: str
    return_to: str
    mailed: bool


def _body(request: HttpRequest) -> Told | None:
    if len(request.body) > LARGEST_BODY:
        return None
    try:
        told: Any = json.loads(request.body)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    texts = [told.get(name, "") for name in ("email", "name", "return_to")]
    if not all(isinstance(text, str) and "\0" not in text for text in texts):
        return None
    email, name, return_to = texts
    return Told(
        email=email,
        name=name,
        return_to=return_to,
        mailed=told.get("mailed") is True,
    )


def _may_return(client: Client, address: str) -> bool:
    """Only to the client's own site, so that a link of ours leads nowhere else."""
    if not address:
        return True
    return len(address) <= 500 and any(
        address == origin or address.startswith(f"{origin}/")
        for origin in clients.origins(client)
    )
