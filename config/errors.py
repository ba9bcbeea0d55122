"""What is answered when a page cannot be: 503 while the database is away, else 500.

Django calls it last, when everything else has failed, so it asks neither for the database
nor for a session; 403 and 404 are Django's own, with our templates.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils import translation

RETRY_AFTER_SECONDS = 15


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
