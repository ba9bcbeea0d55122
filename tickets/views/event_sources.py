"""Settings → Events: both directions at a glance, and the systems that tell us."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import paging
from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from integrations.signing import Secret
from tickets import event_words
from tickets.forms.events import DeleteForm, NameForm, RotateForm
from tickets.models import IncomingSource
from tickets.selectors import event_sources as selector
from tickets.selectors import subscriptions
from tickets.services import event_sources as service
from tickets.services import signing_secrets
from tickets.services.event_sources import NameTaken

_SECRET = "$SECRET"  # noqa: S105  # as an example names it


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def event_list(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "sources": selector.list_sources(request.workspace),
        "standings": subscriptions.list_subscriptions(request.workspace),
    }
    return render(request, "tickets/events/event_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_WORKSPACE)
def source_new(request: WorkspaceRequest) -> HttpResponse:
    """The secret stands on the answer itself: no address leads to it again."""
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = service.add(
                request.workspace,
                name=form.cleaned_data["name"],
                actor=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
        except NameTaken:
            form.add_error("name", gettext("Another system has this name."))
        else:
            return _made(request, made.source, made.secret, is_new=True)
    status = 422 if form.errors else 200
    context = {"form": form}
    return render(request, "tickets/events/source_form.html", context, status=status)


@require_safe
@requires(Action.MANAGE_WORKSPACE)
def source_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    source = _source(request, key)
    before = paging.understood(request.GET.get("before", ""))
    page = selector.list_events(source, before=before)
    context = {
        "source": source,
        "unproven": event_words.unproven(source.last_refusal),
        "secrets": signing_secrets.list_live(source, now=timezone.now()),
        "page": page,
        "rows": [
            {
                "event": one,
                "level": event_words.verdict_level(one.verdict),
                "why": event_words.refused(one),
            }
            for one in page.rows
        ],
        "is_later_page": bool(before),
        "ignored": ("before",) if request.GET.get("before") and not before else (),
        **_how(request, source),
    }
    return render(request, "tickets/events/source_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Action.MANAGE_WORKSPACE)
def source_rotate(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    source = _source(request, key)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        secret = service.rotate(
            source,
            overlap=form.span,
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
        return _made(request, source, secret, is_new=False)
    back = _url(request, "events:event-source", source)
    context = {"form": form, "owner": source, "back_url": back}
    status = 422 if form.errors else 200
    return render(request, "tickets/events/secret_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_WORKSPACE)
def source_delete(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    source = _source(request, key)
    told = request.POST if request.method == "POST" else None
    form = DeleteForm(told, expected=source.name)
    if form.is_bound and form.is_valid():
        service.delete(
            source, actor=request.user, now=timezone.now(), ip=client_ip(request)
        )
        messages.success(request, gettext("The system was removed."))
        return redirect("events:event-list", request.workspace.slug)
    back = _url(request, "events:event-source", source)
    context = {"form": form, "source": source, "back_url": back}
    status = 422 if form.errors else 200
    return render(request, "tickets/events/source_delete.html", context, status=status)


def _made(
    request: WorkspaceRequest, source: IncomingSource, secret: Secret, *, is_new: bool
) -> HttpResponse:
    context = {
        "source": source,
        "secret": secret.reveal(),
        "is_new": is_new,
        **_how(request, source, secret=secret.reveal()),
    }
    return render(request, "tickets/events/source_made.html", context)


def _how(
    request: WorkspaceRequest, source: IncomingSource, *, secret: str = _SECRET
) -> dict[str, Any]:
    """The address, and a command that works as it is once the secret is in it."""
    path = reverse("ticket-events:incoming-of", kwargs={"key": str(source.key)})
    address = f"{settings.PUBLIC_URL}{path}"
    data: dict[str, Any] = {
        "ticket_id": "T-1042",
        "title": gettext("Parcel arrived damaged"),
        "priority": "high",
    }
    client = selector.sample_client(request.workspace)
    if client is not None and client.oauth_id:
        data["client_id"] = client.oauth_id
    told = {"id": "evt-1", "type": "ticket.created", "data": data}
    body = json.dumps(told, ensure_ascii=False)
    return {"address": address, "command": _command(address, body, secret)}


def _command(address: str, body: str, secret: str) -> str:
    """For a shell: the body stands in single quotes, so it must hold none."""
    quoted = body.replace("'", "\\u0027")
    named = secret if secret == _SECRET else f"'{secret}'"
    return "\n".join(
        (
            *((f"SECRET={named}",) if secret != _SECRET else ()),
            f"BODY='{quoted}'",
            'SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r)',
            f"curl -i {address} \\",
            "  -H 'Content-Type: application/json' \\",
            '  -H "X-Signature: sha256=${SIGNATURE%% *}" \\',
            '  --data-binary "$BODY"',
        )
    )


def _source(request: WorkspaceRequest, key: uuid.UUID) -> IncomingSource:
    found = selector.find_source(request.workspace, key=key)
    if found is None:
        raise Http404
    return found


def _url(request: WorkspaceRequest, name: str, source: IncomingSource) -> str:
    return reverse(
        name, kwargs={"workspace_slug": request.workspace.slug, "key": source.key}
    )
