"""One's own account: what protects it, and which applications hold tokens for it."""

from allauth.idp.oidc.models import Client
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.central import consents
from accounts.central.views.guard import person_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    return render(
        request,
        "central/home.html",
        {
            "has_second_factor": is_mfa_enabled(person),
            "accesses": consents.accesses(person, now=timezone.now()),
        },
    )


@require_POST
def end_access(request: HttpRequest, pk: str) -> HttpResponse:
    """Its tokens and the consent to it; one that has neither is answered like any other."""
    client = get_object_or_404(Client, pk=pk, application__isnull=False)
    consents.end(person_of(request), client, request=request)
    return redirect("central:home")
