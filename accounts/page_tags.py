"""The template tags of the pages that both roles share.

Registered as `ui` by `config.settings.central`, for the role without the rooms; Recado's
own `config.ui` takes them in.
"""

from django import forms, template
from django.utils.safestring import SafeString

from accounts import http

register = template.Library()


@register.filter
def as_control(field: forms.BoundField) -> SafeString:
    """The control alone. Django ties its help and its errors to it by id."""
    return field.as_widget(attrs={"class": "input"})


@register.simple_tag(takes_context=True)
def came_from(context: template.Context) -> str:
    """The page before this one, for pages that say no; empty where it is not known."""
    request = context.get("request")
    return http.came_from(request) if request else ""


@register.simple_tag(takes_context=True)
def section(context: template.Context) -> str:
    """Which part of a workspace a page belongs to: the first word of its address there,
    empty for the home page, and `-` for what stands in none."""
    request = context.get("request")
    parts = request.path.split("/") if request else []
    is_inside = parts[1:2] == ["w"] and len(parts) > 3
    return str(parts[3]) if is_inside else "-"
