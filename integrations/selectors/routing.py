"""Which number of ours, and whose, something from outside is about.

Only ids cross workspaces: the rows are then read inside each of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.scoping import workspace_transaction
from integrations.models import Channel, ChannelState, Integration
from integrations.providers.base.types import NumberRef


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """What the corridor needs of a channel."""

    id: int
    workspace_id: int
    integration_id: int | None
    external_id: str | None
    phone: str  # digits
    state: str
    last_inbound_at: datetime | None
    last_webhook_at: datetime | None
    is_claimed: bool = False  # connected once, so that no other workspace has it
    is_on_phone: bool = False  # it also lives in the WhatsApp Business app

    @property
    def is_new(self) -> bool:
        """It was never heard of."""
        return self.state == ChannelState.NEW

    @property
    def is_well(self) -> bool:
        return self.state == ChannelState.CONNECTED


def find_integration_by_token(digest: bytes) -> Integration | None:
    """The integration whose webhook URL carries this token, while the token lives."""
    found = _ask(
        "SELECT workspace_id, integration_id FROM integrations_of_token(%s)", [digest]
    )
    return _integration(*found[0]) if found else None


def list_integrations_by_number(
    provider: str, numbers: Iterable[NumberRef]
) -> list[Integration]:
    """The integrations whose live channels a body names, each once.

    One that was never connected does not count beside one that was.
    """
    told = list(numbers)
    found = _ask(
        """
        SELECT workspace_id, integration_id
          FROM integrations_of_live_numbers(%s, %s::text[], %s::text[])
         ORDER BY integration_id
        """,
        [
            provider,
            [number.external_id for number in told if number.external_id],
            [f"+{number.phone}" for number in told if number.phone],
        ],
    )
    rows = [_integration(*one) for one in found]
    return [row for row in rows if row is not None]


def list_workspaces_by_number(provider: str, numbers: Iterable[NumberRef]) -> list[int]:
    """Where a live channel may be one of these numbers; `list_live_channels` knows."""
    told = list(numbers)
    found = _ask(
        """
        SELECT workspace_id
          FROM integrations_workspaces_of_numbers(%s, %s::text[], %s::text[])
               AS found (workspace_id)
         ORDER BY workspace_id
        """,
        [
            provider,
            [number.external_id for number in told if number.external_id],
            [number.phone[-8:] for number in told if number.phone],
        ],
    )
    return [workspace_id for (workspace_id,) in found]


def list_live_channels(provider: str, *, workspace_id: int) -> list[ChannelRow]:
    """The live channels of a provider in a workspace, whose transaction is open."""
    channels = Channel.objects.for_workspace(workspace_id)
    return [
        ChannelRow(
            id=channel.pk,
            workspace_id=channel.workspace_id,
            integration_id=channel.integration_id,
            external_id=channel.external_id,
            phone=channel.phone.lstrip("+"),
            state=channel.state,
            last_inbound_at=channel.last_inbound_at,
            last_webhook_at=channel.last_webhook_at,
            is_claimed=channel.claim_id is not None,
            is_on_phone=channel.limits.get("is_on_phone") is True,
        )
        for channel in channels.filter(provider=provider, is_active=True)
    ]


def _integration(workspace_id: int, integration_id: int) -> Integration | None:
    integrations = Integration.objects.for_workspace(workspace_id)
    with workspace_transaction(workspace_id):
        return integrations.filter(pk=integration_id).first()


def _ask(query: str, parameters: Sequence[Any]) -> list[tuple[int, ...]]:
    """One of the functions of integrations/migrations, 0002_walls.py and 0007_claims.py."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[int, ...]] = cursor.fetchall()
    return rows
