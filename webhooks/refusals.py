"""What the receiver turned away at a webhook URL of ours, noted where people look for it.

A wrong signature stores nothing and is easy to miss: the provider is told 401 and the page
of the number would be silent. So the log of exchanges gets a line, at most one for each
integration in some seconds, since whoever knows a URL may post to it as often as they like.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Final

from django.db import DatabaseError, connections

from accounts.scoping import workspace_transaction
from integrations.gateway import Endpoint
from integrations.models import Channel, ChannelLog
from integrations.providers.base.errors import SignatureInvalid

OPERATION: Final = "webhook"
MISSING, WRONG = "signature_missing", "signature_wrong"
EVERY_SECONDS: Final = 10.0
_MOST: Final = 10_000  # integrations remembered

logger = logging.getLogger(__name__)


class Refusals:
    """One for each process, on its event loop."""

    def __init__(self) -> None:
        self._noted: OrderedDict[int, float] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, endpoint: Endpoint, invalid: SignatureInvalid) -> None:
        """Write it down soon; the answer to the sender does not wait for it."""
        if endpoint.integration_id is None or endpoint.workspace_id is None:
            return
        now = time.monotonic()
        if (
            now - self._noted.get(endpoint.integration_id, -EVERY_SECONDS)
            < EVERY_SECONDS
        ):
            return
        self._noted[endpoint.integration_id] = now
        self._noted.move_to_end(endpoint.integration_id)
        while len(self._noted) > _MOST:
            self._noted.popitem(last=False)
        word = MISSING if invalid.is_missing else WRONG
        task = asyncio.create_task(
            asyncio.to_thread(
                _in_thread, endpoint.workspace_id, endpoint.integration_id, word
            )
        )
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def stop(self) -> None:
        """What is being written is written."""
        await asyncio.gather(*self._writing, return_exceptions=True)


def write(workspace_id: int, integration_id: int, word: str) -> None:
    with workspace_transaction(workspace_id):
        channel = (
            Channel.objects.for_workspace(workspace_id)
            .filter(integration_id=integration_id)
            .order_by("pk")
            .first()
        )
        ChannelLog.objects.create(
            workspace_id=workspace_id,
            integration_id=integration_id,
            channel=channel,
            operation=OPERATION,
            method="POST",
            url="/webhooks/whatsapp/…/",  # the rest of it is a secret
            status_code=401,
            error=word,
            elapsed_ms=0,
        )


def _in_thread(workspace_id: int, integration_id: int, word: str) -> None:
    try:
        write(workspace_id, integration_id, word)
    except DatabaseError:
        logger.warning("refusal not noted", extra={"integration_id": integration_id})
    finally:
        connections.close_all()  # hands the connection back to the pool
