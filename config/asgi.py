"""What granian serves: the webhook receiver and event streams in front, Django behind them.

The hot path pays for no middleware, no session and no ORM. In production the receiver and
the streams run as processes of their own from this same module, and pages come from
`config.wsgi`.
"""

import importlib
import os
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

pages = get_asgi_application()
# After Django's set-up, and by name, because the receiver reads settings and models.
receiver: ModuleType = importlib.import_module("webhooks.receiver")
streams: ModuleType = importlib.import_module("webhooks.streams.application")
logs: ModuleType = importlib.import_module("config.logging")
database: ModuleType = importlib.import_module("config.database")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        if scope["path"].startswith(receiver.PREFIX):
            await receiver.application(scope, receive, send)
        elif scope["path"].startswith(streams.PREFIX):
            await streams.application(scope, receive, send)
        else:
            logs.correlation_id.set(logs.new_correlation_id())
            await pages(scope, receive, send)
    else:
        # No websockets here; closing before accepting is the refusal.
        await receive()
        await send({"type": "websocket.close", "code": 1000})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Open connections before the first request; flush and end them at the end."""
    await receive()
    try:
        await database.refuse_strong_role()
        await receiver.startup()
        await streams.startup()
    except (Exception, database.RoleTooStrong) as problem:
        await send({"type": "lifespan.startup.failed", "message": str(problem)})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await streams.shutdown()
    await receiver.shutdown()
    await send({"type": "lifespan.shutdown.complete"})
