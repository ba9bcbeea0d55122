"""One's own account: what protects it, and which applications hold tokens for it."""

from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.central import families
from accounts.central.views.guard import person_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    alive = families.alive(timezone.now()).filter(user=person)
    return render(
        request,
        "central/home.html",
        {
            "has_second_factor": is_mfa_enabled(person),
            "families": alive.select_related("client").order_by("-created_at")[:100],
        },
    )


@require_POST
@transaction.atomic
def end_access(request: HttpRequest, pk: int) -> HttpResponse:
    mine = families.alive(timezone.now()).filter(user=person_of(request))
    families.revoke(get_object_or_404(mine, pk=pk), "ended_by_person")
    return redirect("central:home")
