"""The short path: what is asked under `/api/` passes no session, no CSRF and no page.

It stands behind Django's SecurityMiddleware and before everything else. A view that is no
view of `accounts.api.guards` is not served here: nothing is open by oversight. `/api/`
itself is a page, the one that shows what there is, and takes the way of pages.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone, translation

from accounts import limits
from accounts.api import answers, guards
from accounts.http import neighbourhood

PREFIX = "/api/"

logger = logging.getLogger(__name__)


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX) or request.path_info == PREFIX:
            return self.get_response(request)
        try:
            with translation.override("en"):
                return _served(request)
        except answers.Problem as problem:
            return problem.as_response()
        except limits.LimitReached as reached:
            return answers.too_many(reached.retry_after_seconds).as_response()
        except (OperationalError, InterfaceError):
            logger.exception("api without database")
            away = answers.unavailable("The database is away.", retry_after_seconds=15)
            return away.as_response()
        except Exception:
            logger.exception("api failed")
            broken = answers.Problem(500, "server_error", "Something went wrong here.")
            return broken.as_response()


def _served(request: HttpRequest) -> HttpResponse:
    limits.demand("api_address", neighbourhood(request), now=timezone.now())
    try:
        match = resolve(request.path_info)
    except Resolver404:
        raise answers.not_found() from None
    if not guards.operations_of(match.func):
        raise answers.not_found()
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    limit = settings.RATE_LIMITS["api_token"]
    if limit is not None:
        response.headers["RateLimit-Policy"] = f'"token";q={limit[0]};w={limit[1]}'
    return response
