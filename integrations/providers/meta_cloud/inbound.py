"""Meta's webhook bodies; the dialect itself lives in cloud_payload."""

from integrations.providers.base.reader import read
from integrations.providers.base.types import Event
from integrations.providers.cloud_payload import inbound


def parse(body: bytes) -> list[Event]:
    return inbound.read_envelope(read(body))
