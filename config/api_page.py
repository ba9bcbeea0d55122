"""`/api/openapi.json` and the page at `/api/` that shows it. Both are for anybody.

What the page tells is what the document tells, in the reader's language: it is made from the
same operations, so neither knows of anything that the other does not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from accounts.api import answers, openapi
from accounts.api.fields import Field, Free, Object, Schemas
from accounts.api.guards import operation
from accounts.api.openapi import Offer
from accounts.api.operations import Operation

DOCUMENT: Final = Operation(
    name="getDocument",
    group="Recado",
    summary="This document",
    is_of_workspace=False,
    is_open=True,
    answers={200: Free(name="Document", described={"type": "object"})},
)


@operation(DOCUMENT)
def openapi_json(request: HttpRequest) -> HttpResponse:
    return answers.answer(openapi.document(server=settings.PUBLIC_URL))


@dataclass(frozen=True, slots=True)
class Row:
    """A field as the page lists it."""

    name: str
    kind: str
    about: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation as the page shows it; `sample` is a command for a terminal."""

    offer: Offer
    operation: Operation
    parameters: list[Row]
    body: list[Row]
    example: str
    sample: str
    good: list[int]
    bad: list[int]

    @property
    def anchor(self) -> str:
        return self.operation.name


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    entries: list[Entry]


@require_safe
@login_not_required
def reference(request: HttpRequest) -> HttpResponse:
    groups: dict[str, list[Entry]] = {}
    for offer in openapi.offers():
        if not offer.in_workspace and not offer.operation.is_open:
            name = str(offer.operation.group)
            groups.setdefault(name, []).append(_entry(offer))
    context = {
        "groups": [Group(name, entries) for name, entries in groups.items()],
        "server": settings.PUBLIC_URL,
        "statuses": sorted(openapi.MEANT.items()),
        "limit": settings.RATE_LIMITS["api_token"],
    }
    return render(request, "api/reference.html", context)


def _entry(offer: Offer) -> Entry:
    operation = offer.operation
    answered = list(operation.answers)
    body = operation.body
    return Entry(
        offer=offer,
        operation=operation,
        parameters=_rows(offer.gaps, is_path=True) + _rows(operation.query),
        body=_body_rows(body) if body else [],
        example=json.dumps(_example_of(body), ensure_ascii=False, indent=2)
        if body
        else "",
        sample=_sample(offer),
        good=answered,
        bad=[one for one in operation.statuses if one not in answered],
    )


def _rows(fields: Mapping[str, Field], *, is_path: bool = False) -> list[Row]:
    named: Schemas = {}
    return [
        Row(name, _kind(one.schema(named)), str(one.about), is_path or one.is_required)
        for name, one in fields.items()
    ]


def _body_rows(body: Object | Free) -> list[Row]:
    if isinstance(body, Object):
        return _rows(body.fields)
    return [
        Row(name, _kind(told), str(told.get("description", "")), is_required=False)
        for name, told in body.described["properties"].items()
    ]


def _kind(told: Mapping[str, Any]) -> str:
    """In the words of the document: `string`, `a | b`, `date-time`."""
    if "enum" in told:
        return " | ".join(str(value) for value in told["enum"] if value is not None)
    if "$ref" in told or "anyOf" in told:
        return "object"
    kind = told.get("type", "")
    return str(told.get("format") or (kind if isinstance(kind, str) else kind[0]))


def _example_of(body: Object | Free) -> dict[str, Any]:
    """What is needed, and what else has an example."""
    if isinstance(body, Free):
        example: dict[str, Any] = body.described["examples"][0]
        return example
    told = {
        name: one.example if one.example is not None else "…"
        for name, one in body.fields.items()
        if one.is_required or one.example is not None
    }
    return told or {"status": "resolved"}


def _sample(offer: Offer) -> str:
    """A command that can be copied, with the token taken from a variable."""
    operation = offer.operation
    address = offer.path
    for name, one in offer.gaps.items():
        address = address.replace(f"{{{name}}}", str(one.example or "padaria"))
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    lines = [
        f"curl{method} '{settings.PUBLIC_URL}{address}'",
        '-H "Authorization: Bearer $RECADO_TOKEN"',
    ]
    if operation.is_keyed:
        lines.append("-H 'Idempotency-Key: my-first-request'")
    if operation.body:
        told = json.dumps(_example_of(operation.body), ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d '{told}'"]
    return " \\\n  ".join(lines)


app_name = "api-page"
urlpatterns = [
    path("", reference, name="reference"),
    path("openapi.json", openapi_json, name="document"),
]
