"""The HTTP side of sending through the sandbox: messages, signs and files."""

import hashlib
import json
import time
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations.providers.base.limits import MIB
from integrations.providers.sandbox import samples
from integrations.services import simulated_sending
from integrations.views.sandbox_gateway import HANGS_FOR, enter

MOST_BYTES = 256 * 1024  # of a message; a file goes by itself
MOST_FILE_BYTES = 100 * MIB
_PIECE = 64 * 1024
UNKNOWN = {"error": "number_unknown", "message": "There is no such number."}


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["POST"])
def messages(request: HttpRequest, number: str) -> HttpResponse:
    """Take one message; words in it make things go wrong, see behaviour.py."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    taken = simulated_sending.take(found, read_json(request))
    if taken.plan.hangs:
        connection.close()
        time.sleep(HANGS_FOR)
    if taken.plan.status == 201:
        return JsonResponse({"id": taken.message_id}, status=201)
    told = {"error": taken.plan.code or "trouble", "message": "The phone was told to."}
    answer = JsonResponse(told, status=taken.plan.status)
    if taken.plan.status == 429:
        answer["Retry-After"] = "2"
    return answer


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["POST"])
def read(request: HttpRequest, number: str) -> HttpResponse:
    """The customer's phone shows that its message was read."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    is_told = bool(read_json(request).get("message_id"))
    return JsonResponse({"success": is_told}, status=200 if is_told else 400)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["POST"])
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Take a file: it is read to its end, and known by its bytes from then on."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    digest, size = hashlib.sha256(), 0
    while piece := request.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if size > MOST_FILE_BYTES:
            return JsonResponse({"error": "131053"}, status=413)
    if not size:
        return JsonResponse({"error": "131053"}, status=400)
    return JsonResponse({"id": f"file-{digest.hexdigest()[:32]}"}, status=201)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET"])
def file(request: HttpRequest, number: str, media_id: str, kind: str) -> HttpResponse:
    """A file that the customer's phone has sent: one of its kind, since it has no others."""
    found = enter(request, number, unknown=JsonResponse(UNKNOWN, status=404))
    if isinstance(found, HttpResponse):
        return found
    made = None if samples.is_gone(media_id) else samples.file_of(kind)
    if made is None:
        return JsonResponse({"error": "gone", "message": media_id}, status=404)
    content, content_type = made
    return HttpResponse(content, content_type=content_type)


def read_json(request: HttpRequest) -> dict[str, Any]:
    """What is no JSON object, or too long to be a message, is an empty one."""
    try:
        told = json.loads(request.read(MOST_BYTES))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
