"""Where the pages of a number lead. In one place, since several pages and mails lead there."""

from django.conf import settings
from django.urls import reverse

from accounts.models import Workspace
from integrations.models import Channel, SessionKind


def number(channel: Channel, workspace: Workspace) -> str:
    return _url("channel-detail", channel, workspace)


def session(channel: Channel, workspace: Workspace) -> str:
    """Where a code is scanned or a link opened."""
    return _url("session-detail", channel, workspace)


def link_return(provider: str, workspace: Workspace, *, kind: str) -> str:
    """Where the link of a session shall lead back to; empty where none does."""
    if kind != SessionKind.EXTERNAL_LINK:
        return ""
    names = {"workspace_slug": workspace.slug, "provider": provider}
    return settings.PUBLIC_URL + reverse("integrations:connect-return", kwargs=names)


def _url(page: str, channel: Channel, workspace: Workspace) -> str:
    values = {"workspace_slug": workspace.slug, "key": channel.key}
    return reverse(f"integrations:{page}", kwargs=values)
