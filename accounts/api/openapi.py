"""The OpenAPI 3.1 document: what the resolver leads to under `/api/`, as its guards read it.

Nothing is told by hand but words: routes come from the resolver, parameters, bodies, scopes
and answers from the operations of the views. It names no workspace and nobody's data.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import gettext_lazy as _

from accounts.api.addresses import IN_WORKSPACE
from accounts.api.fields import Field, Key, Number, Schemas, Text, Told
from accounts.api.guards import operations_of
from accounts.api.operations import PROBLEM, Operation
from accounts.permissions import Scope

VERSION: Final = "1.0"
_PREFIX: Final = "api/"
_GAP: Final = re.compile(r"<(\w+):(\w+)>")
_KINDS: Final[Mapping[str, Field]] = {
    "uuid": Key(),
    "int": Number(least=1),
    "slug": Text(most=50, least=1),
    "path": Text(most=255, least=1),
}
MEANT: Final[Mapping[int, Told]] = {
    400: _(
        "The request cannot be read: no JSON, no Idempotency-Key, a malformed header, or "
        "the workspace has to be named."
    ),
    401: _("No token, or one that is unknown, expired or revoked."),
    403: _("The token does not reach that far, or nobody here belongs to it."),
    404: _("There is no such thing for this token."),
    409: _("The Idempotency-Key stands for another request, or somebody was faster."),
    413: _("The body is larger than 64 KB."),
    415: _("The body is not application/json."),
    422: _("Well written, and cannot be done: `field` names what is wrong."),
    429: _("Too many requests: `Retry-After` says when to go on."),
    503: _(
        "The database or the identity server is away: try again after `Retry-After`."
    ),
}
_ABOUT: Final = (
    "JSON for other systems. Send `Authorization: Bearer …` with a service token of a "
    "workspace (Settings → Tokens) or with an access token of the identity server. "
    "Errors are problem details (RFC 9457) with a fixed word in `error`."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """An operation and where it stands. `in_workspace` tells the second address of those
    whose bearer is in several workspaces."""

    path: str
    operation: Operation
    gaps: Mapping[str, Field]
    in_workspace: bool

    @property
    def name(self) -> str:
        return self.operation.name + ("InWorkspace" if self.in_workspace else "")


def offers() -> list[Offer]:
    """Everything that is served under `/api/`, in the order of the resolver."""
    return [
        _offer(route.removeprefix(_PREFIX), operation)
        for route, view in _routes(get_resolver().url_patterns, "")
        if route.startswith(_PREFIX)
        for operation in operations_of(view).values()
    ]


def document(*, server: str) -> dict[str, Any]:
    """`server` is the address of this installation, without a slash at its end."""
    named: Schemas = {}
    paths: dict[str, dict[str, Any]] = {}
    for offer in offers():
        told = _described(offer, named)
        paths.setdefault(offer.path, {})[offer.operation.method.lower()] = told
    PROBLEM.schema(named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recado", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A service token (rcd_…) or an access token. Scopes: "
                    + ", ".join(scope.value for scope in Scope)
                    + ".",
                }
            },
            "responses": {
                f"Problem{status}": _problem(status) for status in sorted(MEANT)
            },
            "headers": {
                "Retry-After": {
                    "description": "Seconds after which it may be tried again.",
                    "schema": {"type": "integer", "minimum": 1},
                }
            },
        },
    }


def _routes(
    patterns: Sequence[URLPattern | URLResolver], route: str
) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, here)
        else:
            yield here, one.callback


def as_path(route: str) -> str:
    """A route of the resolver as the document writes it: `/api/tickets/{number}`."""
    return "/" + _GAP.sub(r"{\2}", route.removeprefix("/"))


def _offer(route: str, operation: Operation) -> Offer:
    gaps = {
        name: operation.path.get(name, _KINDS[kind])
        for kind, name in _GAP.findall(route)
    }
    is_second = route.startswith(IN_WORKSPACE) and route != IN_WORKSPACE
    return Offer(as_path(_PREFIX + route), operation, gaps, is_second)


def _described(offer: Offer, named: Schemas) -> dict[str, Any]:
    operation = offer.operation
    told: dict[str, Any] = {
        "operationId": offer.name,
        "tags": [str(operation.group)],
        "summary": str(operation.summary),
        "parameters": [*_parameters(offer, named)],
        "responses": {
            str(status): _answer(operation, status, named)
            for status in operation.statuses
        },
    }
    if operation.about:
        told["description"] = str(operation.about)
    if operation.is_open:
        told["security"] = []
    elif operation.scopes:
        told["security"] = [{"bearer": [scope.value]} for scope in operation.scopes]
    if operation.body:
        schema = operation.body.schema(named)
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return told


def _parameters(offer: Offer, named: Schemas) -> Iterator[dict[str, Any]]:
    for name, one in offer.gaps.items():
        yield _parameter(name, one, named, place="path")
    for name, one in offer.operation.query.items():
        yield _parameter(name, one, named, place="query")
    if offer.operation.is_keyed:
        key = Text(
            most=128,
            least=1,
            is_required=True,
            about="A word of yours for this deed: repeated with it, it is done once.",
        )
        yield _parameter("Idempotency-Key", key, named, place="header")


def _parameter(name: str, one: Field, named: Schemas, *, place: str) -> dict[str, Any]:
    schema = one.schema(named)
    about = schema.pop("description", "")
    return {
        "name": name,
        "in": place,
        "required": place == "path" or one.is_required,
        "schema": schema,
    } | ({"description": about} if about else {})


def _answer(operation: Operation, status: int, named: Schemas) -> dict[str, Any]:
    if status not in operation.answers:
        return {"$ref": f"#/components/responses/Problem{status}"}
    told: dict[str, Any] = {
        "description": "It is done." if status > 200 else "As asked.",
        "content": {
            "application/json": {"schema": operation.answers[status].schema(named)}
        },
    }
    if status in (201, 202):
        where = {"description": "Its address.", "schema": {"type": "string"}}
        told["headers"] = {"Location": where}
    return told


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": str(MEANT[status]),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"}
            }
        },
    }
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return told
