"""What every page says of templates whose users were left behind by a change.

It stands until somebody who may see to it has settled it, or the template is again as its
users need it.
"""

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest
from django.urls import reverse

from accounts.http import WorkspaceRequest
from accounts.scoping import inside
from whatsapp import template_words
from whatsapp.models import TemplateChange
from whatsapp.selectors import templates
from whatsapp.services import template_uses

_CACHED = "_template_alerts_of_request"
MOST = 3


@dataclass(frozen=True, slots=True)
class TemplateAlert:
    """Which template, what happened to it, and who it leaves behind."""

    name: str
    language: str
    sentence: str
    affected: list[str]
    url: str


def of(request: HttpRequest) -> list[TemplateAlert]:
    """Nothing for a part of a page, which stands in one that shows them."""
    if getattr(request, "membership", None) is None or getattr(request, "htmx", None):
        return []
    found: list[TemplateAlert] | None = getattr(request, _CACHED, None)
    if found is None:
        found = _open(cast("WorkspaceRequest", request))
        setattr(request, _CACHED, found)
    return found


def _open(request: WorkspaceRequest) -> list[TemplateAlert]:
    with inside(request.workspace.pk):
        changes = templates.list_alerts(request.workspace)
    return [_alert(request, one) for one in changes]


def _alert(request: WorkspaceRequest, change: TemplateChange) -> TemplateAlert:
    url = reverse(
        "whatsapp:template-detail",
        kwargs={
            "workspace_slug": request.workspace.slug,
            "key": change.template.key,
        },
    )
    return TemplateAlert(
        name=change.template.name,
        language=template_words.language(change.template.language),
        sentence=template_words.change(change),
        affected=template_uses.labels(change.details.get("affected")),
        url=url,
    )
