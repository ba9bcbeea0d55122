"""Hidden ids (LID) without a phone: which are to be asked about, when, and what came of it.

The corridor wants one when somebody writes by such an id alone. `webhooks.lids` claims what
is due, asks outside of transactions, and settles it while the lease is its own. Of an answer
"not known" the pauses grow until nobody asks any more; of silence they grow too, but a
gateway that is back is asked again as long as the person was seen lately.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from django.db.models.functions import Now

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.models import Channel, IntegrationStatus, SessionState
from integrations.providers.base.capabilities import Capability
from whatsapp.models import IdentityKind, LidLookup

# After the first answer that it is not known, after the second, and so on; then never again.
PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
)
# While no connected number could be asked.
UNASKED: Final = timedelta(minutes=10)
# Who was not seen for so long, and could not be asked about, is wanted anew when they write.
RECENT: Final = timedelta(days=14)


class Outcome(Enum):
    FOUND = "found"  # or found by other means meanwhile
    UNKNOWN = "unknown"  # the provider does not know it
    MISSED = "missed"  # there was no answer
    UNASKED = "unasked"  # nobody could be asked


@dataclass(frozen=True, slots=True)
class Lookup:
    """One hidden id that is ours to ask about until the lease ends.

    `channel` is a connected number that can be asked, the one of the person's last
    conversation first; None where there is none.
    """

    id: int
    workspace_id: int
    lid: str
    has_phone: bool
    channel: Channel | None


def can_be_asked(provider: str) -> bool:
    return Capability.LID_LOOKUP in gateway.capabilities_of(provider)


def want(workspace_id: int, lids: Iterable[str]) -> None:
    """Somebody wrote by these ids alone: ask for their phones, each id once and for all.

    In the transaction that has noted them, at a provider that can be asked.
    """
    told = sorted(set(lids))
    if not told:
        return
    bulk.run(
        """
        INSERT INTO whatsapp_lidlookup (workspace_id, identity_id, tries, misses, next_at)
        SELECT hidden.workspace_id, hidden.id, 0, 0, statement_timestamp()
          FROM whatsapp_identity hidden
         WHERE hidden.workspace_id = %s AND hidden.kind = %s AND hidden.value = ANY(%s)
           AND NOT EXISTS (
               SELECT FROM whatsapp_identity phone
                WHERE phone.lead_id = hidden.lead_id
                  AND phone.workspace_id = hidden.workspace_id
                  AND left(phone.match_key, 2) = 'p:')
         ORDER BY hidden.id
        ON CONFLICT (workspace_id, identity_id) DO NOTHING
        """,
        [workspace_id, IdentityKind.LID.value, told],
    )


def claim(
    *, most: int, token: uuid.UUID, lease_seconds: int, workspace_id: int | None
) -> dict[int, list[int]]:
    """Take up to `most` that are due, the longest due first: ids by workspace."""
    rows = bulk.run(
        """
        SELECT row_id, row_workspace_id
          FROM whatsapp_claim_lid_lookups(%s::integer, %s::bigint, %s::uuid, %s::integer)
        """,
        [most, workspace_id, token, lease_seconds],
    )
    found: dict[int, list[int]] = {}
    for id_, workspace in rows:
        found.setdefault(workspace, []).append(id_)
    return found


def read(workspace_id: int, ids: Sequence[int], token: uuid.UUID) -> list[Lookup]:
    """What is needed to ask about claimed ones of one workspace."""
    with workspace_transaction(workspace_id):
        channels = _askable(workspace_id)
        rows = bulk.run(
            """
            SELECT lookup.id, hidden.value,
                   EXISTS (SELECT FROM whatsapp_identity phone
                            WHERE phone.lead_id = hidden.lead_id
                              AND phone.workspace_id = hidden.workspace_id
                              AND left(phone.match_key, 2) = 'p:'),
                   (SELECT talk.channel_id FROM whatsapp_conversation talk
                     WHERE talk.lead_id = hidden.lead_id
                       AND talk.workspace_id = hidden.workspace_id
                       AND talk.channel_id = ANY(%(channels)s)
                     ORDER BY talk.last_message_at DESC, talk.id DESC LIMIT 1)
              FROM whatsapp_lidlookup lookup
              JOIN whatsapp_identity hidden
                ON hidden.id = lookup.identity_id
               AND hidden.workspace_id = lookup.workspace_id
             WHERE lookup.workspace_id = %(workspace)s AND lookup.id = ANY(%(ids)s)
               AND lookup.lease_token = %(token)s
             ORDER BY lookup.next_at, lookup.id
            """,
            {
                "workspace": workspace_id,
                "ids": list(ids),
                "token": token,
                "channels": list(channels),
            },
        )
    return [
        Lookup(id_, workspace_id, lid, has_phone, channels.get(channel_id))
        for id_, lid, has_phone, channel_id in rows
    ]


def _askable(workspace_id: int) -> dict[int, Channel]:
    found = (
        Channel.objects.for_workspace(workspace_id)
        .filter(
            is_active=True,
            integration__isnull=False,
            sessions__ended_at=None,
            sessions__state=SessionState.CONNECTED,
        )
        .exclude(integration__status=IntegrationStatus.PAUSED)
        .select_related("integration")
    )
    return {one.pk: one for one in found if can_be_asked(one.provider)}


def hold(workspace_id: int, lookup_id: int, token: uuid.UUID) -> LidLookup | None:
    """The row, until the transaction ends; None when it is not ours any more."""
    found: LidLookup | None = (
        LidLookup.objects.for_workspace(workspace_id)
        .filter(pk=lookup_id, lease_token=token)
        .select_for_update(of=("self",))
        .first()
    )
    return found


def settle(row: LidLookup, outcome: Outcome) -> None:
    """Let go of a row that is held, and say when it is due again."""
    pause: timedelta | None = None
    if outcome is Outcome.UNKNOWN:
        row.tries, row.misses = row.tries + 1, 0
        pause = PAUSES[row.tries - 1] if row.tries <= len(PAUSES) else None
    elif outcome is Outcome.MISSED:
        row.misses += 1
        pause = PAUSES[min(row.misses, len(PAUSES)) - 1]
    elif outcome is Outcome.UNASKED:
        pause = UNASKED
    wants_news = outcome in {Outcome.MISSED, Outcome.UNASKED}
    if wants_news and not _is_recent(row):
        row.delete()
        return
    LidLookup.objects.for_workspace(row.workspace_id).filter(pk=row.pk).update(
        tries=row.tries,
        misses=row.misses,
        # By the database's clock, as it is claimed.
        next_at=None if pause is None else Now() + pause,
        lease_token=None,
        lease_until=None,
    )


def _is_recent(row: LidLookup) -> bool:
    [(is_recent,)] = bulk.run(
        """
        SELECT last_seen_at > statement_timestamp() - %s::interval
          FROM whatsapp_identity WHERE id = %s AND workspace_id = %s
        """,
        [RECENT, row.identity_id, row.workspace_id],
    )
    return bool(is_recent)


def give_back(workspace_id: int, ids: Collection[int], token: uuid.UUID) -> None:
    """Let go of what nobody got to: it stays due."""
    with workspace_transaction(workspace_id):
        LidLookup.objects.for_workspace(workspace_id).filter(
            pk__in=ids, lease_token=token
        ).update(lease_token=None, lease_until=None)
