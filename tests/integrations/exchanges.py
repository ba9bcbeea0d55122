"""A client of outgoing requests as the tests about it make one, and the row it writes."""

from collections.abc import Callable
from typing import Any

from integrations import http
from integrations.models import ChannelLog
from tests.conftest import World

SECRET = "EAAG/se+cret=0123456789"


def clients(world: World) -> Callable[..., http.Client]:
    """What makes clients of this workspace, whose secret is `SECRET`."""

    def make(**options: Any) -> http.Client:
        values = {"redact_keys": {"x-key", "pin"}, "secrets": [SECRET]} | options
        return http.Client(workspace_id=world.workspace.pk, **values)

    return make


def only_log(world: World) -> ChannelLog:
    return ChannelLog.objects.for_workspace(world.workspace).get()
