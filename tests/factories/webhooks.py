"""Rows of room 4 for tests; each saves and returns one."""

from hashlib import sha256
from typing import Any

from django.utils import timezone

from accounts.models import Workspace
from tests.factories import cloud_api
from webhooks.models import RawWebhook


def raw_webhook(
    workspace: Workspace | None, *, body: bytes | None = None, **fields: Any
) -> RawWebhook:
    """A stored request; by default one message nobody has worked on."""
    content = cloud_api.body(cloud_api.message()) if body is None else body
    now = timezone.now()
    values = {
        "provider": "meta_cloud",
        "digest": sha256(content).digest(),
        "received_at": now,
        "next_at": now,
    } | fields
    return RawWebhook.objects.create(workspace=workspace, body=content, **values)
