"""Requests without a workspace, for the platform's admins; to others no such page exists."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from webhooks.views import acts, explorer
from webhooks.views.place import Place, on_platform


@require_safe
@on_platform
def webhook_list(request: HttpRequest, place: Place) -> HttpResponse:
    return explorer.show_list(request, place)


@require_safe
@on_platform
def webhook_detail(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    return explorer.show_row(request, place, place.row(key))


@require_POST
@on_platform
def webhook_content(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    return acts.show_content(request, place, key)


@require_POST
@on_platform
def webhook_raw(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    return acts.download(request, place, key)


@require_POST
@on_platform
def webhook_park(request: HttpRequest, place: Place, key: uuid.UUID) -> HttpResponse:
    return acts.park(request, place, key)


@require_POST
@on_platform
def webhook_replay(request: HttpRequest, place: Place) -> HttpResponse:
    return acts.replay(request, place)
