"""Django's messages reach pages that are open: what a fragment's view has said goes with it.

A whole page shows them by `base_app.html`; a redirect and an empty answer leave them for
the next page.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

Handler = Callable[[HttpRequest], HttpResponse]


class LateNotices:
    """Only for what this very request has said: a poll takes no other page's news."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        said = get_messages(request)
        is_fragment = getattr(request, "htmx", False) and not response.streaming
        is_html = response.headers.get("Content-Type", "").startswith("text/html")
        if (
            is_fragment
            and is_html
            and response.status_code == HTTPStatus.OK
            and getattr(said, "added_new", False)
            and not getattr(said, "used", False)
        ):
            late = render_to_string("_notices_late.html", {"messages": said})
            response.content += late.encode(response.charset)
        return response
