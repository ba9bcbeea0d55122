"""Template tags, filters and context of every page; registered in TEMPLATES."""

from typing import Any

from django import template
from django.http import HttpRequest

from accounts import permissions

register = template.Library()


def context(request: HttpRequest) -> dict[str, Any]:
    """What the app shell shows: the workspace and what this person may do in it."""
    return {
        "workspace": getattr(request, "workspace", None),
        "membership": getattr(request, "membership", None),
    }


@register.simple_tag(takes_context=True)
def can(context: template.Context, action: str) -> bool:
    membership = context.get("membership")
    return membership is not None and permissions.may(
        membership.role, permissions.Action(action)
    )
