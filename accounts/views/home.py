"""The way in: straight to the only workspace, else a choice of workspaces."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import selectors


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:  # SignInMiddleware asks first
        return redirect("account_login")
    memberships = selectors.list_memberships(request.user)
    if len(memberships) == 1:
        return redirect("webhooks:home", memberships[0].workspace.slug)
    return render(request, "accounts/home.html", {"choices": memberships})
