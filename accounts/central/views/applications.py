"""Which other systems may sign people in here. Every change leaves an audit entry."""

from typing import Any

from allauth.idp.oidc.models import Client
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.central import clients, rules
from accounts.central.forms import ApplicationForm
from accounts.central.views.guard import admins_only


@admins_only
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = _known().order_by("name", "pk")
    return render(request, "central/application_list.html", {"clients": found})


@never_cache
@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = ApplicationForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "central/application_form.html", {"form": form})
    told = form.cleaned_data
    made = clients.register(
        name=told["name"],
        redirect_uris=told["redirect_uris"],
        is_public=told["is_public"],
        may_call_api=told["may_call_api"],
        now=timezone.now(),
        request=request,
    )
    return _show_secret(request, made.client, made.secret)


@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: str) -> HttpResponse:
    client = _get(pk) if request.method != "POST" else _changeable(pk)
    is_public = client.type == Client.Type.PUBLIC
    initial = {
        "name": client.name,
        "redirect_uris": "\n".join(client.get_redirect_uris()),
        "may_call_api": "read" in client.get_scopes(),
    }
    form = ApplicationForm(request.POST or None, initial=initial, is_public=is_public)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        clients.change(
            client,
            name=told["name"],
            redirect_uris=told["redirect_uris"],
            may_call_api=told["may_call_api"],
            request=request,
        )
        return redirect("central:application-detail", client.pk)
    context = {
        "client": client,
        "form": form,
        "is_public": is_public,
        "is_seeded": _is_seeded(client),
        "redirect_uris": client.get_redirect_uris(),
        "issuer": rules.issuer(),
    }
    return render(request, "central/application_detail.html", context)


@never_cache
@admins_only
@require_POST
def secret(request: HttpRequest, pk: str) -> HttpResponse:
    """A new secret. Shown in this answer and nowhere else, so nothing is redirected."""
    client = _changeable(pk)
    if client.type != Client.Type.CONFIDENTIAL:
        raise Http404
    fresh = clients.rotate_secret(client, now=timezone.now(), request=request)
    return _show_secret(request, client, fresh)


@admins_only
@require_POST
def state(request: HttpRequest, pk: str) -> HttpResponse:
    client = _get(pk)
    clients.set_disabled(
        client,
        is_disabled=request.POST.get("to") == "disabled",
        now=timezone.now(),
        request=request,
    )
    return redirect("central:application-detail", client.pk)


@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: str) -> HttpResponse:
    client = _changeable(pk)
    if request.method != "POST":
        return render(request, "central/application_delete.html", {"client": client})
    clients.remove(client, request=request)
    return redirect("central:application-list")


def _known() -> Any:
    return Client.objects.filter(application__isnull=False).select_related(
        "application"
    )


def _get(pk: str) -> Client:
    if "\0" in pk:
        raise Http404
    return get_object_or_404(_known(), pk=pk)


def _changeable(pk: str) -> Client:
    """Recado's own client is the environment's: changed here, it lets nobody in any more."""
    client = _get(pk)
    if _is_seeded(client):
        raise Http404
    return client


def _is_seeded(client: Client) -> bool:
    return bool(client.pk == rules.first_party()["client_id"])


def _show_secret(
    request: HttpRequest, client: Client, fresh: str | None
) -> HttpResponse:
    context = {"client": client, "secret": fresh, "issuer": rules.issuer()}
    return render(request, "central/application_secret.html", context)
