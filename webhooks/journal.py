"""The events an operator follows, on the logger `integrations`: ids only, never content."""

import logging
from collections.abc import Iterable

from integrations.providers.base.types import AccountEvent
from whatsapp.models import Rule
from whatsapp.services.origins import Ruling

logger = logging.getLogger("integrations")


def account_event(event: AccountEvent, *, channel_id: int | None) -> None:
    logger.warning(
        "provider reported",
        extra={"kind": event.kind, "code": event.code, "channel_id": channel_id},
    )


def attributions(rulings: Iterable[Ruling]) -> None:
    for ruling in rulings:
        logger.info(
            "attribution failure"
            if ruling.verdict.rule == Rule.ANONYMOUS
            else "attribution success",
            extra={
                "lead_id": ruling.lead_id,
                "rule": ruling.verdict.rule.value,
                "confidence": ruling.verdict.confidence.value,
                "raw_webhook_id": ruling.arrival.raw_webhook_id,
            },
        )


def received(count: int, *, workspace_id: int) -> None:
    logger.info(
        "webhooks received", extra={"messages": count, "workspace_id": workspace_id}
    )
