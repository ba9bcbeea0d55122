"""How `/api/` answers: JSON, and one shape for whatever went wrong.

    {"type": "about:blank", "title": "Unauthorized", "status": 401,
     "detail": "The token is unknown …", "error": "invalid_token",
     "error_description": "The token is unknown …"}

Problem details (RFC 9457) with the two members that OAuth clients know: `error` is a fixed
word (those of RFC 6750 where it has one), `error_description` the same sentence in English
as `detail`, for whoever reads the log of the caller. Where one part of a request is wrong,
`field` names it as the caller wrote it: `text`, `template.parameters.body`. What is not
there is named too where the caller named it: `oauth_id`, `ticket_number`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

REALM = 'Bearer realm="recado"'


class Problem(Exception):
    """Anything but 2xx. Raised anywhere under `/api/`."""

    def __init__(
        self,
        status: int,
        error: str,
        description: str,
        *,
        headers: Mapping[str, str] | None = None,
        field: str = "",
        named: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description
        self.headers = dict(headers or {})
        self.field = field
        self.named = dict(named or {})

    def as_response(self) -> HttpResponse:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.description,
            "error": self.error,
            "error_description": self.description,
        }
        if self.field:
            body["field"] = self.field
        body |= self.named
        response = answer(body, status=self.status, headers=self.headers)
        response.headers["Content-Type"] = "application/problem+json"
        return response


def answer(
    body: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """What one bearer may read is nobody else's, so nothing on the way keeps it."""
    kept = {"Cache-Control": "no-store", "Vary": "Authorization"}
    response = JsonResponse(body, status=status, headers=kept | dict(headers or {}))
    # Else a server sends it in chunks: the short path has no CommonMiddleware.
    response.headers["Content-Length"] = str(len(response.content))
    return response


# --- RFC 6750, section 3 ------------------------------------------------------
def no_token() -> Problem:
    """Nothing was shown: the challenge says what is wanted, and names no error."""
    return Problem(
        401,
        "unauthorized",
        "Send Authorization: Bearer <token>.",
        headers={"WWW-Authenticate": REALM},
    )


def invalid_request(description: str) -> Problem:
    return _challenge(400, "invalid_request", description)


def invalid_token(
    description: str = "The token is unknown, expired or revoked.",
) -> Problem:
    return _challenge(401, "invalid_token", description)


def insufficient_scope(description: str, scope: str = "") -> Problem:
    extra = f', scope="{scope}"' if scope else ""
    return _challenge(403, "insufficient_scope", description, extra)


def _challenge(status: int, error: str, description: str, extra: str = "") -> Problem:
    told = f'{REALM}, error="{error}", error_description="{description}"{extra}'
    return Problem(status, error, description, headers={"WWW-Authenticate": told})


def workspace_needed() -> Problem:
    return Problem(
        400,
        "workspace_needed",
        "The token reaches several workspaces: name one, as in /api/w/<slug>/…",
    )


def unprocessable(field: str, error: str, description: str) -> Problem:
    """A part of the request that is well written and cannot be done."""
    return Problem(422, error, description, field=field)


# --- the rest -----------------------------------------------------------------
def not_found() -> Problem:
    return Problem(404, "not_found", "There is no such resource for this token.")


def too_many(retry_after_seconds: int) -> Problem:
    return Problem(
        429,
        "too_many_requests",
        "Too many requests; Retry-After says when to go on.",
        headers={"Retry-After": str(retry_after_seconds)},
    )


def unavailable(description: str, *, retry_after_seconds: int = 5) -> Problem:
    return Problem(
        503,
        "temporarily_unavailable",
        description,
        headers={"Retry-After": str(retry_after_seconds)},
    )


def method_not_allowed(request: HttpRequest, allowed: str) -> Problem:
    return Problem(
        405,
        "method_not_allowed",
        f"{request.method} is not allowed here.",
        headers={"Allow": allowed},
    )
