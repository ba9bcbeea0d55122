"""The connections that are kept open: one pool per process, or one per thread.

Belongs to http.py, which asks through them; wire.py makes the connections.
"""

import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import httpcore
import httpx

from integrations import wire

KEEP_ALIVE = (
    5.0  # seconds; longer would meet more connections the other side has closed
)


class Transport(httpx.HTTPTransport):
    """httpx's transport over our own way of connecting.

    Used without httpx.Client, which would add cookies shared between workspaces, the
    environment's proxies, and a log line with the URL.
    """

    def __init__(self) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            # More than the session monitor has threads: none waits for another's host.
            max_connections=200,
            max_keepalive_connections=200,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=wire.GuardedBackend(),
        )


@cache
def _ssl_context() -> ssl.SSLContext:
    """Reading the certificates of the world takes longer than most exchanges: once."""
    return httpx.create_ssl_context(trust_env=False)


_transports: dict[int, Transport] = {}
_own = threading.local()


def transport() -> Transport:
    """One pool per process: a forked child must not write into its parent's sockets.

    Unless the thread has its own; see `asking_threads`.
    """
    own: Transport | None = getattr(_own, "transport", None)
    if own is not None:
        return own
    process_id = os.getpid()
    found = _transports.get(process_id)
    # setdefault is atomic: of two threads in a race one drops a pool it never used.
    return found or _transports.setdefault(process_id, Transport())


@contextmanager
def asking_threads(most: int, *, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that ask many things at once, each with a pool of its own.

    A shared one looks at every connection it has for every request, so that a hundred of
    them cost more than what they carry.
    """
    _ssl_context()  # before the threads, each of which would make it otherwise
    opened: list[Transport] = []

    def open_own() -> None:
        _own.transport = Transport()
        opened.append(_own.transport)

    try:
        with ThreadPoolExecutor(
            most, thread_name_prefix=name, initializer=open_own
        ) as threads:
            yield threads
    finally:
        for transport in opened:
            transport.close()


def close() -> None:
    """Let this process's idle connections go, and read the certificates anew for the next."""
    _ssl_context.cache_clear()
    found = _transports.pop(os.getpid(), None)
    if found is not None:
        found.close()
