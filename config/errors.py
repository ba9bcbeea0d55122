"""What is answered when a page cannot be: 503 while the database is away, else 500.

Django calls `server_error` last, when everything else has failed, so it asks neither for
the database nor for a session; 403 and 404 are Django's own, with our templates.
"""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils import translation

RETRY_AFTER_SECONDS = 15

Handler = Callable[[HttpRequest], HttpResponse]


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`. The exception is the one being handled, which Django does not pass on."""
    is_away = isinstance(sys.exception(), OperationalError | InterfaceError)
    # The person's own choice is in the database, so the browser's wish decides.
    language = translation.get_language_from_request(request)
    with translation.override(language):
        page = loader.get_template("503.html" if is_away else "500.html")
        response = HttpResponse(page.render(), status=503 if is_away else 500)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    if is_away:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


class FormAddressMiddleware:
    """A page for whoever opens an address that only takes forms.

    That is where a sign-in in the middle of work leads to when a form was sent too late.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_refused = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        if request.method != "GET" or not is_refused or response.content:
            return response
        page = render(request, "405.html", status=response.status_code)
        page.headers["Allow"] = response.headers["Allow"]
        return page
