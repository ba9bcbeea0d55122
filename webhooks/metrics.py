"""Counters of this process's receiver, read by /metrics."""

from functools import cache

from prometheus_client import Counter

_STORED = Counter(
    "recado_webhooks_stored", "Webhooks committed and acknowledged.", ["provider"]
)
_BYTES = Counter("recado_webhook_bytes", "Bytes of bodies committed.", ["provider"])
_REFUSED = Counter(
    "recado_webhooks_refused", "Webhooks answered with an error.", ["status"]
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
