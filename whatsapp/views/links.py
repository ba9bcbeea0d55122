"""A tracked link as its members see it."""

import io
import uuid

import qrcode
import qrcode.image.svg
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from whatsapp.selectors import links as links_selector
from whatsapp.services import links


@require_safe
@requires(Action.READ)
def qr(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """The link's address as a QR code, dark on its own white ground in either theme."""
    link = links_selector.find_by_key(request.workspace, key)
    if link is None:
        raise Http404
    image = qrcode.make(
        links.public_url(link), image_factory=qrcode.image.svg.SvgPathFillImage
    )
    svg = io.BytesIO()
    image.save(svg)
    return HttpResponse(
        svg.getvalue(),
        content_type="image/svg+xml",
        headers={"Content-Disposition": f'inline; filename="{link.slug}.svg"'},
    )
