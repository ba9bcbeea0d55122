"""The template tags of the pages that both roles share, for the role without the rooms.

Registered as `ui` by `config.settings.central`; Recado's own are in `config.ui`.
"""

from django import forms, template
from django.utils.safestring import SafeString

from accounts import http

register = template.Library()


@register.filter
def as_control(field: forms.BoundField) -> SafeString:
    return field.as_widget(attrs={"class": "input"})


@register.simple_tag(takes_context=True)
def came_from(context: template.Context) -> str:
    request = context.get("request")
    return http.came_from(request) if request else ""
