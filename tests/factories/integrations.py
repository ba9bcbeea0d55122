"""Rows of room 1 for tests; each saves and returns one."""

import itertools
from typing import Any

from accounts.models import Workspace
from integrations.models import Channel, Integration

_number = itertools.count(1)


def integration(workspace: Workspace, **fields: Any) -> Integration:
    values = {"provider": "meta_cloud", "name": f"Loja {next(_number)}"} | fields
    return Integration.objects.create(workspace=workspace, **values)


def channel(workspace: Workspace, **fields: Any) -> Channel:
    number = next(_number)
    values = {
        "provider": "meta_cloud",
        "phone": f"+551190000{number:04d}",
        "external_id": str(100_000 + number),
    } | fields
    return Channel.objects.create(workspace=workspace, **values)
