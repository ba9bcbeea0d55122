"""How a connection of ours is made and waits: guarded, on a vetted address, on a deadline.

Belongs to http.py, which sets the exchange under way; egress.py judges the addresses.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore
from django.conf import settings

from integrations import egress
from integrations.providers.base.errors import Refused

CONNECT_SHARE = 5.0  # seconds for one address: a dead one leaves time for the next


@dataclass(slots=True)
class Exchange:
    """One request under way: when it must be over, and how far it came."""

    ends_at: float
    stage: str = "connect"
    has_written: bool = False
    turn: "Turn | None" = None

    def remaining(self) -> float:
        return self.ends_at - time.monotonic()

    def wait_for_turn(self) -> None:
        """Once, before the first byte; the time that takes is not the provider's."""
        turn, self.turn = self.turn, None
        if turn is not None:
            self.ends_at += turn()


# Waits until a request may be written, and tells how many seconds that took.
Turn = Callable[[], float]
current: ContextVar[Exchange] = ContextVar("exchange")
# Of whoever spaces their requests; see gateway.send.
turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves once, checks every address, connects to one that was checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        exchange = current.get()
        exchange.stage = "dns"
        addresses = egress.resolve(host, port, timeout=max(exchange.remaining(), 0))
        if not egress.is_allowed(host, port, settings.EGRESS_ALLOWED_HOSTS):
            for _, address in addresses:
                reason = egress.refusal(str(address[0]))
                if reason is not None:
                    raise Refused("egress_denied", reason)
        exchange.stage = "connect"
        failure: OSError | None = None
        for family, address in addresses:
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(_left(exchange, most=CONNECT_SHARE))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return DeadlineStream(connection)
        if isinstance(failure, TimeoutError):
            raise httpcore.ConnectTimeout("connect")
        raise httpcore.ConnectError("connect")


class DeadlineStream(httpcore.NetworkStream):
    """A socket whose every wait ends at the deadline of the exchange under way."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(_left(current.get()))
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("read") from None
        except OSError:
            raise httpcore.ReadError("read") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange = current.get()
        exchange.wait_for_turn()
        exchange.stage, rest = "request", memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(_left(exchange))
                exchange.has_written = True
                rest = rest[self._socket.send(rest) :]
        except TimeoutError:
            raise httpcore.WriteTimeout("write") from None
        except OSError:
            raise httpcore.WriteError("write") from None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        exchange = current.get()
        exchange.stage = "tls"
        try:
            self._socket.settimeout(_left(exchange))
            wrapped = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname
            )
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("tls") from None
        except OSError:
            self.close()
            raise httpcore.ConnectError("tls") from None
        return DeadlineStream(wrapped)

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        if (
            info == "is_readable"
        ):  # asked of an idle connection: has the other side hung up?
            if self._socket.fileno() < 0:
                return True
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None


def _left(exchange: Exchange, *, most: float = float("inf")) -> float:
    remaining = exchange.remaining()
    if remaining <= 0:
        raise TimeoutError
    return min(remaining, most)
