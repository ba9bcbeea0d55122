"""The pages alone, for production: threads suit Django's synchronous views best."""

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from config import database
from config import logging as logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

_pages = get_wsgi_application()
asyncio.run(database.refuse_strong_role())


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    logs.correlation_id.set(logs.new_correlation_id())
    return _pages(environ, start_response)
