"""The HTTP side of the sandbox's gateway: what a provider's API would answer, mishaps too.

Open to whoever shows the key of a number; without RECADO_SANDBOX there is no such address.
"""

import json
import math
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.http import neighbourhood
from integrations.models import Channel, Mishap
from integrations.providers.sandbox.api import KEY_HEADER
from integrations.services import sandbox_gateway
from integrations.services.sandbox_gateway import NotOurs, Standing

MOST_BYTES = 4096
# Longer than anybody of ours waits: see http.DEADLINE and the monitor's QUESTION.
HANGS_FOR = 20.0  # seconds


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST", "DELETE"])
def session(request: HttpRequest, number: str) -> HttpResponse:
    """How a number stands; a POST asks for codes, a DELETE ends the session."""
    found = enter(request, number, unknown=_answer(None, sandbox_gateway.ABSENT))
    if isinstance(found, HttpResponse):
        return found
    now = timezone.now()
    if request.method == "DELETE":
        sandbox_gateway.log_out(found)
    if request.method != "POST":
        return _answer(found, sandbox_gateway.standing(found, now=now))
    asked = _json(request)
    url = asked.get("webhook_url")
    try:
        standing = sandbox_gateway.await_phone(
            found,
            wants_pairing_code=asked.get("wants_pairing_code") is True,
            webhook_url=url if isinstance(url, str) else "",
            now=now,
        )
    except NotOurs:
        return _not_ours()
    return _answer(found, standing)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, number: str) -> HttpResponse:
    """Where the phone posts; a POST lets it post somewhere else of Recado's."""
    found = enter(request, number, unknown=JsonResponse({"url": ""}))
    if isinstance(found, HttpResponse):
        return found
    if request.method == "GET":
        return JsonResponse({"url": sandbox_gateway.webhook_of(found)})
    url = _json(request).get("url")
    try:
        told = sandbox_gateway.set_webhook(found, url if isinstance(url, str) else "")
    except NotOurs:
        return _not_ours()
    return JsonResponse({"url": told})


def enter(
    request: HttpRequest, number: str, *, unknown: HttpResponse
) -> Channel | HttpResponse:
    """The number whose key was shown; else what is answered, mishaps included."""
    if not settings.SANDBOX_ENABLED:
        raise Http404
    now = timezone.now()
    limits.demand("api_address", neighbourhood(request), now=now)
    key = request.headers.get(KEY_HEADER, "")
    if not key:
        return _refused("no_key", "Show the key of the number.")
    channel = sandbox_gateway.find_channel(number, key=key)
    if channel is None:
        # A number that is not there, or whose key is another: who asks learns no more.
        limits.demand("api_refused", neighbourhood(request), now=now)
        return unknown
    mishap = _MISHAPS.get(sandbox_gateway.mishap_of(channel))
    return channel if mishap is None else mishap()


def _json(request: HttpRequest) -> dict[str, object]:
    """What is no JSON object, or too long to be any of ours, asks for nothing."""
    try:
        asked = json.loads(request.read(MOST_BYTES))
    except (ValueError, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def _answer(channel: Channel | None, standing: Standing) -> HttpResponse:
    told: dict[str, str | int] = {"state": standing.state}
    if standing.phone:
        told["phone"] = standing.phone
    if standing.why:
        told["why"] = standing.why
    if channel is not None and standing.code is not None:
        page = reverse("sandbox:phone", kwargs={"key": channel.key})
        told["code"] = f"{settings.PUBLIC_URL}{page}?code={standing.code.text}"
        told["expires_in"] = math.ceil(standing.code.left.total_seconds())
        if standing.has_typed:
            told["pairing_code"] = standing.code.typed
    return JsonResponse(told)


def _refused(code: str, message: str) -> HttpResponse:
    return JsonResponse({"error": code, "message": message}, status=401)


def _not_ours() -> HttpResponse:
    message = "The phone posts to webhook URLs of its own number alone."
    return JsonResponse({"error": "not_ours", "message": message}, status=422)


def _key_refused() -> HttpResponse:
    return _refused("key_refused", "The key is no longer accepted.")


def _down() -> HttpResponse:
    told = {"error": "maintenance", "message": "The gateway is down for maintenance."}
    return JsonResponse(told, status=503)


def _web_page() -> HttpResponse:
    return HttpResponse("<!doctype html><title>Proxy</title><h1>It works!</h1>")


def _hangs() -> HttpResponse:
    """Under ASGI each request has a thread of its own, so this one makes nobody wait;
    and it keeps no connection to the database from anybody."""
    connection.close()
    time.sleep(HANGS_FOR)
    return _down()


_MISHAPS: dict[str, Callable[[], HttpResponse]] = {
    Mishap.KEY_REFUSED: _key_refused,
    Mishap.DOWN: _down,
    Mishap.HTML: _web_page,
    Mishap.HANGING: _hangs,
}
