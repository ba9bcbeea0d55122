"""Messages by what a provider calls them: the way from a stored request to a conversation."""

from collections.abc import Collection

from accounts.models import Workspace
from accounts.scoping import ScopedQuerySet
from integrations.models import Channel
from whatsapp.models import Message


def list_messages_named(
    workspace: Workspace, external_ids: Collection[str]
) -> ScopedQuerySet[Message]:
    """The messages of these names, with their conversations; any number of ours."""
    channels = Channel.objects.for_workspace(workspace).values("pk")
    return (
        Message.objects.for_workspace(workspace)
        .filter(channel__in=channels, external_id__in=list(external_ids))
        .select_related("conversation")
        .only(
            "external_id",
            "raw_webhook_id",
            "workspace",
            "conversation__key",
            "stored_at",
        )
    )
