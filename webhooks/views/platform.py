"""Requests without a workspace, for the platform's admins; to others no such page exists."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from webhooks.views import acts, explorer
from webhooks.views.place import on_platform


@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    return explorer.show_list(request, on_platform(request))


@require_safe
def webhook_detail(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    place = on_platform(request)
    return explorer.show_row(request, place, place.row(key))


@require_POST
def webhook_content(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    return acts.show_content(request, on_platform(request), key)


@require_POST
def webhook_raw(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    return acts.download(request, on_platform(request), key)


@require_POST
def webhook_park(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    return acts.park(request, on_platform(request), key)


@require_POST
def webhook_replay(request: HttpRequest) -> HttpResponse:
    return acts.replay(request, on_platform(request))
