"""What open pages were told, read from the ring that keeps it."""

import redis
from django.conf import settings

from accounts import broadcast
from accounts.models import Workspace
from webhooks.streams import frames


def told(workspace: Workspace) -> dict[str, frozenset[str]]:
    """Everything since this was asked last, in one piece."""
    assert broadcast.flush(), "Redis takes no news"
    ring = broadcast.ring_of(broadcast.workspace_topic(workspace.key))
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        entries = client.xrange(ring)
        client.delete(ring)
    return frames.together(frames.read_news(one[b"news"])[1] for _, one in entries)
