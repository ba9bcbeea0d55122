"""What came of fetching a file, and what follows: kept, tried again later, or not to be had."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.providers.base.errors import (
    CredentialsRefused,
    MediaGone,
    ProviderError,
    Refused,
    Throttled,
    Unsupported,
)
from whatsapp.models import ENDED_WITHOUT, MediaAsset, MediaState
from whatsapp.services import announcing, file_store
from whatsapp.services.examining import Examined
from whatsapp.services.previews import Preview

# Seconds before the next try, by how many there were. Some gateways keep files for three
# minutes, Meta for days: hence many tries at first, and then for a day and a half.
PAUSES: Final = (3, 10, 30, 90, 300, 900, 3600, 10_800, 21_600, 43_200, 43_200)
_SPREAD: Final = 0.2
# Our own words for what a provider does not say.
TOO_LARGE: Final = "too_large"
EMPTY: Final = "empty"
DEADLY: Final = "worker_gone"
_FINAL: Final = frozenset({TOO_LARGE, EMPTY, DEADLY, "number_gone"})
TAKEN_AWAY: Final = "taken_away"  # an ending for tallies: the row was not ours any more


@dataclass(frozen=True, slots=True)
class Outcome:
    """One try. `state` is what the row becomes, were there no limit to trying."""

    state: MediaState = MediaState.STORED
    code: str = ""
    retry_after: float | None = None  # seconds that the provider asked for
    stored: Examined | None = None
    key: str = ""
    preview: Preview | None = None
    preview_key: str = ""

    @classmethod
    def of_code(cls, code: str) -> "Outcome":
        return cls(MediaState.REFUSED if code in _FINAL else MediaState.RETRY, code)

    @classmethod
    def of_error(cls, error: ProviderError) -> "Outcome":
        if error.code == "answer_too_large":
            return cls(MediaState.REFUSED, TOO_LARGE)
        if isinstance(error, MediaGone):
            return cls(MediaState.EXPIRED, error.code)
        # A key that is refused today is put in order by somebody, perhaps within the day.
        is_final = isinstance(error, Refused | Unsupported)
        if is_final and not isinstance(error, CredentialsRefused):
            return cls(MediaState.REFUSED, error.code)
        after = error.retry_after if isinstance(error, Throttled) else None
        return cls(MediaState.RETRY, error.code, retry_after=after)


def record(
    asset: MediaAsset,
    lease_token: uuid.UUID,
    outcome: Outcome,
    *,
    announced: Sequence[str],
) -> str:
    """Write down what became of a try, if the row is still ours; returns the ending.

    Of the files that were announced, those that are not adopted here go by the sweep.
    """
    now = timezone.now()
    changes = _changes(asset, outcome, now=now)
    kept = [key for key in announced if key in {outcome.key, outcome.preview_key}]
    try:
        with workspace_transaction(asset.workspace_id):
            ours = (
                MediaAsset.objects.for_workspace(asset.workspace_id)
                .filter(pk=asset.pk, lease_token=lease_token)
                .update(**changes, lease_token=None, silences=0)
            )
            if ours:
                file_store.adopt(kept)
                announcing.deliveries([asset.message_id])
    except file_store.Removed:
        ours = 0
    with transaction.atomic():
        rest = [key for key in announced if not (ours and key in kept)]
        file_store.release(rest, now=now)
    return str(changes["state"]) if ours else TAKEN_AWAY


def _changes(
    asset: MediaAsset, outcome: Outcome, *, now: datetime
) -> dict[str, object]:
    if outcome.stored is not None:
        preview = outcome.preview
        return {
            "state": MediaState.STORED,
            "reason": "",
            "mime_sniffed": outcome.stored.mime[:100],
            "size": outcome.stored.size,
            "sha256": outcome.stored.sha256,
            "storage_key": outcome.key,
            "preview_key": outcome.preview_key,
            "width": preview.width if preview else None,
            "height": preview.height if preview else None,
        }
    state = outcome.state
    if state == MediaState.RETRY and asset.attempts > len(PAUSES):
        state = MediaState.REFUSED
    usual = PAUSES[min(asset.attempts, len(PAUSES)) - 1] if asset.attempts else 0
    spread = random.uniform(1, 1 + _SPREAD)  # noqa: S311  # spreads tries, guards nothing
    pause = max(usual * spread, outcome.retry_after or 0)
    return {
        "state": state,
        "reason": outcome.code[:40],
        "next_at": now + timedelta(seconds=min(pause, 86_400)),
    }


def ask_again(asset: MediaAsset, *, now: datetime) -> bool:
    """Let a worker try once more from the beginning; false when there is nothing to try."""
    changed = (
        MediaAsset.objects.for_workspace(asset.workspace_id)
        .filter(pk=asset.pk, state__in=ENDED_WITHOUT)
        .update(state=MediaState.RETRY, reason="", attempts=0, silences=0, next_at=now)
    )
    return bool(changed)
