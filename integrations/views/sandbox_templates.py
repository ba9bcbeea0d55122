"""The HTTP side of the sandbox's templates: listed, submitted, changed and deleted."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations.models import Channel
from integrations.providers.sandbox import samples
from integrations.services import simulated_templates
from integrations.services.simulated_templates import NotTaken
from integrations.views.sandbox_gateway import enter
from integrations.views.sandbox_messages import UNKNOWN, read_json


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def templates(request: HttpRequest, number: str) -> HttpResponse:
    """The templates of a number, a page at a time; a POST submits one more."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    if request.method == "GET":
        return _page(found, request.GET.get("after", ""))
    try:
        made = simulated_templates.create(found, read_json(request), now=timezone.now())
    except NotTaken as error:
        return _not_taken(error)
    return JsonResponse(made, status=201)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["POST", "DELETE"])
def template(request: HttpRequest, number: str, which: str) -> HttpResponse:
    """A POST changes the template of this id; a DELETE takes away all of this name."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    try:
        if request.method == "DELETE":
            simulated_templates.delete(found, which)
            return JsonResponse({"success": True})
        told = read_json(request)
        made = simulated_templates.edit(found, which, told, now=timezone.now())
    except NotTaken as error:
        return _not_taken(error)
    return JsonResponse(made)


def _page(channel: Channel, after: str) -> HttpResponse:
    every = simulated_templates.list_of(channel, now=timezone.now())
    is_place = after.isascii() and after.isdecimal() and len(after) < 6
    start = int(after) if is_place else 0
    end = start + samples.PAGE
    told: dict[str, Any] = {"data": every[start:end]}
    if end < len(every):
        told["after"] = str(end)
    return JsonResponse(told)


def _not_taken(error: NotTaken) -> HttpResponse:
    told = {"error": error.code, "message": "The sandbox does not take this template."}
    return JsonResponse(told, status=400)
