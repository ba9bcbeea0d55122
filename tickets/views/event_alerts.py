"""What admins are told of subscriptions whose receivers asked for no more, on every page."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from accounts.permissions import Action, may
from accounts.scoping import inside
from tickets.selectors import subscriptions

_CACHED = "_event_alerts_of_request"


@dataclass(frozen=True, slots=True)
class EventAlert:
    name: str
    url: str


def of(request: HttpRequest) -> Sequence[EventAlert]:
    """Nothing for a part of a page, nor for those who could not see to it."""
    membership = getattr(request, "membership", None)
    if membership is None or getattr(request, "htmx", None):
        return ()
    if not may(membership.role, Action.MANAGE_WORKSPACE):
        return ()
    found: Sequence[EventAlert] | None = getattr(request, _CACHED, None)
    if found is None:
        with inside(membership.workspace_id):
            gone = subscriptions.list_gone(membership.workspace_id)
        slug = membership.workspace.slug
        found = [
            EventAlert(
                one.name,
                reverse(
                    "events:subscription-detail",
                    kwargs={"workspace_slug": slug, "key": one.key},
                ),
            )
            for one in gone
        ]
        setattr(request, _CACHED, found)
    return found
