"""Counters of this process's receiver and of its open streams, read by /metrics."""

from functools import cache

from prometheus_client import Counter, Gauge

_STORED = Counter(
    "recado_webhooks_stored", "Webhooks committed and acknowledged.", ["provider"]
)
_BYTES = Counter("recado_webhook_bytes", "Bytes of bodies committed.", ["provider"])
_REFUSED = Counter(
    "recado_webhooks_refused", "Webhooks answered with an error.", ["status"]
)
_OPEN = Gauge(
    "recado_live_streams",
    "Event streams that are open, of members and of tickets' clients.",
    ["of"],
    multiprocess_mode="livesum",
)
_HEARD = Counter("recado_live_heard", "News heard for somebody who listens here.")
_RESYNCS = Counter(
    "recado_live_resyncs",
    "Streams told to ask for everything anew: what they missed is gone (late, slow, unread) "
    "or Redis was away (redis).",
    ["reason"],
)
_STREAMS_REFUSED = Counter(
    "recado_live_refused", "Streams that were not opened.", ["status"]
)


@cache
def _of_provider(provider: str) -> tuple[Counter, Counter]:
    return _STORED.labels(provider), _BYTES.labels(provider)


def stored(provider: str, size: int) -> None:
    requests, volume = _of_provider(provider)
    requests.inc()
    volume.inc(size)


def refused(status: int) -> None:
    _REFUSED.labels(str(status)).inc()


def opened(of: str, count: int = 1) -> None:
    """`count` is -1 for a stream that has ended."""
    _OPEN.labels(of).inc(count)


def heard() -> None:
    _HEARD.inc()


def resynced(reason: str) -> None:
    _RESYNCS.labels(reason).inc()


def stream_refused(status: int) -> None:
    _STREAMS_REFUSED.labels(str(status)).inc()
