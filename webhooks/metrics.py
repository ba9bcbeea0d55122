"""Counters of this process's receiver, read by /metrics."""

from prometheus_client import Counter

_STORED = Counter(
    "recado_webhooks_stored", "Webhooks committed and acknowledged.", ["provider"]
)
_BYTES = Counter("recado_webhook_bytes", "Bytes of bodies committed.", ["provider"])
_REFUSED = Counter(
    "recado_webhooks_refused", "Webhooks answered with an error.", ["status"]
)


def stored(provider: str, size: int) -> None:
    _STORED.labels(provider).inc()
    _BYTES.labels(provider).inc(size)


def refused(status: int) -> None:
    _REFUSED.labels(str(status)).inc()
