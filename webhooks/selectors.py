"""What the corridor asks before it judges: touches and leads behind tokens, in sets."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts import bulk
from webhooks.attribution import TokenMatch
from whatsapp import tokens
from whatsapp.models import Rule


class Lost(NamedTuple):
    """What could be a token of a click, and when it came in on which channel.

    Damaged behind the mark, or intact without one.
    """

    channel_id: int
    written: str
    at: datetime


Rescued = Mapping[Lost, list[TokenMatch]]

RESCUE_WINDOW = timedelta(hours=72)


def token_matches(workspace_id: int, wanted: Collection[str]) -> dict[str, TokenMatch]:
    """Touches and waiting leads by token; a touch wins over a lead of the same token.

    Whether a lead has met its person is asked of a plain column, and of one lead at a time.
    Behind the walls an index serves no COALESCE, and for NOT EXISTS the planner may read
    every identity of the workspace.
    """
    if not wanted:
        return {}
    rows = bulk.run(
        """
        WITH carried AS MATERIALIZED (
            SELECT touch.token, touch.id AS touch_id, link.slug, touch.occurred_at,
                   COALESCE(touch.lead_id, lead.merged_into_id, lead.id) AS lead_id,
                   (SELECT bool_and(verdict.rule = %(rescue)s)
                      FROM whatsapp_attribution verdict
                     WHERE verdict.touch_id = touch.id
                       AND verdict.lead_id = touch.lead_id) IS TRUE AS is_guess
              FROM whatsapp_touch touch
              LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
              LEFT JOIN whatsapp_lead lead
                ON lead.workspace_id = touch.workspace_id
               AND lead.first_touch_token = touch.token
             WHERE touch.workspace_id = %(workspace)s AND touch.token = ANY(%(tokens)s)
            UNION ALL
            SELECT lead.first_touch_token, NULL, NULL, NULL,
                   COALESCE(lead.merged_into_id, lead.id), false
              FROM whatsapp_lead lead
             WHERE lead.workspace_id = %(workspace)s
               AND lead.first_touch_token = ANY(%(tokens)s)
        )
        SELECT token, touch_id, slug, occurred_at, lead_id,
               lead_id IS NOT NULL AND (
                   SELECT identity.id FROM whatsapp_identity identity
                    WHERE identity.lead_id = carried.lead_id LIMIT 1) IS NULL,
               is_guess
          FROM carried ORDER BY touch_id
        """,
        {
            "workspace": workspace_id,
            "tokens": list(wanted),
            "rescue": Rule.TOKEN_RESCUE.value,
        },
    )
    matches: dict[str, TokenMatch] = {}
    for token, touch_id, link, occurred_at, lead_id, is_unmet, is_guess in rows:
        matches.setdefault(
            token,
            TokenMatch(
                token=token,
                touch_id=touch_id,
                link=link,
                occurred_at=occurred_at,
                lead_id=lead_id,
                is_lead_unmet=is_unmet,
                is_guess=is_guess,
            ),
        )
    return matches


def rescue_matches(workspace_id: int, lost: Iterable[Lost]) -> Rescued:
    """The clicks it could mean, among those of 72 hours before on the same channel."""
    found: dict[Lost, list[TokenMatch]] = {one: [] for one in lost}
    wanted = list(found)
    possible = [
        (number, token)
        for number, one in enumerate(wanted)
        for token in _possible(one.written)
    ]
    if not possible:
        return found
    rows = bulk.run(
        """
        SELECT wanted.number, touch.token, touch.id, link.slug, touch.occurred_at,
               touch.lead_id
          FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::timestamptz[])
               AS wanted(number, token, channel_id, until)
          JOIN whatsapp_touch touch
            ON touch.workspace_id = %s AND touch.token = wanted.token
           AND touch.channel_id = wanted.channel_id
          LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
         WHERE touch.occurred_at > wanted.until - %s::interval
           AND touch.occurred_at <= wanted.until
        """,
        [
            [number for number, _ in possible],
            [token for _, token in possible],
            [wanted[number].channel_id for number, _ in possible],
            [wanted[number].at for number, _ in possible],
            workspace_id,
            RESCUE_WINDOW,
        ],
    )
    for number, token, touch_id, link, occurred_at, lead_id in rows:
        found[wanted[number]].append(
            TokenMatch(token, touch_id, link, occurred_at, lead_id)
        )
    return found


def _possible(written: str) -> list[str]:
    return [written] if tokens.is_intact(written) else tokens.rescues(written)
