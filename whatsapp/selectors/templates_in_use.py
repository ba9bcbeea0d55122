"""Names of message templates, for lists that are narrowed by one."""

from accounts.models import Workspace
from whatsapp.models import Template

_MOST = 500


def list_names(workspace: Workspace, *, asked: str = "") -> list[str]:
    """Those the providers know, and the one that is asked for: it may have been deleted."""
    names = (
        Template.objects.for_workspace(workspace)
        .order_by("name")
        .values_list("name", flat=True)
        .distinct()[:_MOST]
    )
    return sorted({*names, asked.strip()[:512]} - {""})
