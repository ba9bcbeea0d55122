"""Words of ours that proved a provider until they were replaced, and do so a while longer.

Room 1, below the gateway. A provider learns of a new word later than we do, and sends again
for days what was not taken the first time: that comes with the word of then.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from accounts.vault import SecretContext, VaultError, seal_json, unseal_json
from integrations.models import Integration
from integrations.providers.base.adapter import Credentials

LASTS: Final = timedelta(days=7)
MOST: Final = 5  # of one integration; whoever replaces more often ends the oldest


def accepted(
    integration: Integration, current: Credentials, *, now: datetime
) -> tuple[Credentials, ...]:
    """The credentials that may prove a webhook: those in use, then those of before."""
    before = [words for until, words in _read(integration) if until > now]
    return (current, *({**current, **words} for words in before))


def replace(
    integration: Integration, words: Mapping[str, str], *, now: datetime
) -> None:
    """Let words that were just replaced go on for a while. In memory: the caller saves."""
    kept = [(until, old) for until, old in _read(integration) if until > now]
    if words:
        kept.insert(0, (now + LASTS, dict(words)))
    told = [[until.isoformat(), old] for until, old in kept[:MOST]]
    integration.former_proofs = seal_json(told, _context(integration)) if told else ""


def _read(integration: Integration) -> list[tuple[datetime, dict[str, str]]]:
    if not integration.former_proofs:
        return []
    try:
        told = unseal_json(integration.former_proofs, _context(integration))
    except VaultError:
        return []  # erased with its data key
    return [(datetime.fromisoformat(until), words) for until, words in told]


def _context(integration: Integration) -> SecretContext:
    return SecretContext(
        purpose="former-webhook-proofs",
        column="integrations_integration.former_proofs",
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
    )
