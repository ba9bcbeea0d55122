"""The events an operator follows, on the logger `integrations`: ids only, never content."""

import logging
from collections.abc import Iterable

from integrations.providers.base.types import AccountEvent
from whatsapp.services.joining import Joined
from whatsapp.services.origins import Ruling

logger = logging.getLogger("integrations")


def account_event(event: AccountEvent, *, channel_id: int | None) -> None:
    logger.warning(
        "provider reported",
        extra={"kind": event.kind, "code": event.code, "channel_id": channel_id},
    )


def attributions(rulings: Iterable[Ruling], *, workspace_id: int) -> None:
    """Which rule found an origin, or that none did; the evidence is on the lead's page.

    As the report counts: who a person is, and that a lead waited for them, is no origin.
    """
    for ruling in rulings:
        logger.info(
            "attribution success"
            if ruling.verdict.has_origin
            else "attribution failure",
            extra={
                "workspace_id": workspace_id,
                "channel_id": ruling.arrival.channel_id,
                "lead_id": ruling.lead_id,
                "touch_id": ruling.verdict.touch_id,
                "rule": ruling.verdict.rule.value,
                "confidence": ruling.verdict.confidence.value,
                "raw_webhook_id": ruling.arrival.raw_webhook_id,
            },
        )


def joined(merges: Iterable[Joined], *, workspace_id: int) -> None:
    """Two leads were one person, as a provider told it."""
    for merge in merges:
        logger.info(
            "leads joined",
            extra={
                "workspace_id": workspace_id,
                "lead_id": merge.stays,
                "gone_id": merge.gone,
            },
        )


def received(
    raw_webhook_ids: Iterable[int],
    *,
    workspace_id: int | None,
    integration_ids: Iterable[int],
) -> None:
    """One line for all that were worked on together, whatever they told."""
    logger.info(
        "webhooks received",
        extra={
            "raw_webhook_ids": sorted(raw_webhook_ids),
            "workspace_id": workspace_id,
            "integration_ids": sorted(integration_ids),
        },
    )


def stored(count: int, *, workspace_id: int) -> None:
    logger.info(
        "messages stored", extra={"messages": count, "workspace_id": workspace_id}
    )
