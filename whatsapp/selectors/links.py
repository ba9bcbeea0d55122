"""Finding tracked links: by the public address, or by a member of their workspace."""

import uuid

from accounts.models import Workspace
from whatsapp.models import TrackedLink


def find_by_slug(slug: str) -> TrackedLink | None:
    """The link of a public address, with its channel; in whichever workspace it is."""
    return (
        TrackedLink.objects.unscoped("the address /r/<slug> names no workspace")
        .select_related("channel")
        .filter(slug=slug.lower())
        .first()
    )


def find_by_key(workspace: Workspace, key: uuid.UUID) -> TrackedLink | None:
    return TrackedLink.objects.for_workspace(workspace).filter(key=key).first()
