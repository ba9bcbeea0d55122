"""What can be asked for under `/api/`: each operation once, for the guard and the document.

The guard reads a request by its operation, so what the document says of parameters, bodies
and scopes is what is done. `openapi` writes them down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.api.fields import (
    Field,
    Free,
    Key,
    Listing,
    Number,
    Object,
    Said,
    Text,
    Told,
)
from accounts.permissions import Scope

READS: Final = ("GET", "HEAD")
SMALLEST_PAGE, PAGE, LARGEST_PAGE = 1, 50, 100

PROBLEM: Final = Free(
    name="Problem",
    described={
        "type": "object",
        "description": "Problem details (RFC 9457); `error` is a fixed word.",
        "properties": {
            "type": {"const": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "error": {"type": "string"},
            "error_description": {"type": "string"},
            "field": {"type": "string"},
            "oauth_id": {"type": "string"},
            "ticket_number": {"type": "string"},
        },
        "required": [
            *("type", "title", "status", "detail", "error", "error_description"),
        ],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`scopes` are those of which one is enough; without any, every bearer may ask.

    `is_of_workspace`: it happens in one, named in the address or the bearer's only one.
    `is_keyed`: an Idempotency-Key makes a repeated request one deed. `problems` are the
    answers of its own; what every bearer may meet is added by `statuses`.
    """

    name: str
    group: Told
    summary: Told
    method: str = "GET"
    about: Told = ""
    scopes: tuple[Scope, ...] = ()
    is_of_workspace: bool = True
    is_open: bool = False
    is_keyed: bool = False
    path: Mapping[str, Field] = field(default_factory=dict)
    query: Mapping[str, Field] = field(default_factory=dict)
    body: Object | Free | None = None
    answers: Mapping[int, Field] = field(default_factory=dict)
    problems: tuple[int, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return READS if self.method == "GET" else (self.method,)

    @property
    def statuses(self) -> list[int]:
        """Everything it may answer, the good ones first."""
        told = {*self.problems, 429, 503}
        if not self.is_open:
            told |= {400, 401, 403}
        if self.is_of_workspace:
            told.add(404)
        if self.query:
            told.add(422)
        if self.body:
            told |= {400, 413, 415, 422}
        if self.is_keyed:
            told.add(409)
        return [*self.answers, *sorted(told)]


# --- lists ------------------------------------------------------------------------
def page_of(name: str, of: Object) -> Object:
    """The answer of a list."""
    return Object(
        name=name,
        is_answer=True,
        fields={
            "data": Listing(of=of),
            "next_cursor": Said(
                is_nullable=True,
                about=_("For `cursor`, to get the next page; null on the last one."),
            ),
            "next": Said(
                is_nullable=True, about=_("The address of the next page, or null.")
            ),
        },
    )


PAGING: Final[Mapping[str, Field]] = {
    "limit": Number(
        least=SMALLEST_PAGE,
        most=LARGEST_PAGE,
        about=_("How many on a page; 50 if you say nothing."),
        example=20,
    ),
    "cursor": Text(
        about=_("The `next_cursor` of the page before, as it was given."),
    ),
}
ROW_ID: Final = Key(
    about=_("Its public id."), example="7c9e6679-7425-40de-944b-e07fc1f90ae7"
)
