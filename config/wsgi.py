"""The pages alone, for production: threads suit Django's synchronous views best."""

import asyncio
import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config import database
from config import logging as logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

_pages = get_wsgi_application()
asyncio.run(database.refuse_strong_role())
# All views now, and what stays for good is not looked at again by the collector: a request
# that had to wait for that took 150 ms longer.
get_resolver().url_patterns  # noqa: B018  # reading them loads them
gc.collect()
gc.freeze()


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    logs.correlation_id.set(logs.new_correlation_id())
    return _pages(environ, start_response)
