"""One file of a workspace."""

import uuid

from accounts.models import Workspace
from whatsapp.models import MediaAsset


def find_asset(workspace: Workspace, *, key: uuid.UUID) -> MediaAsset | None:
    return (
        MediaAsset.objects.for_workspace(workspace)
        .select_related("message__conversation")
        .filter(key=key)
        .first()
    )
