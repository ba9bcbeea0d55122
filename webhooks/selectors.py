"""What the corridor asks before it judges: touches and leads behind tokens, in sets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from accounts import bulk
from webhooks.attribution import TokenMatch
from whatsapp import tokens

Rescued = Mapping[tuple[int, str], list[TokenMatch]]

RESCUE_WINDOW = timedelta(hours=72)


def token_matches(workspace_id: int, wanted: Collection[str]) -> dict[str, TokenMatch]:
    """Touches and waiting leads by token; a touch wins over a lead of the same token."""
    if not wanted:
        return {}
    rows = bulk.run(
        """
        SELECT touch.token, touch.id, link.slug, touch.occurred_at,
               COALESCE(touch.lead_id, lead.id),
               COALESCE(touch.lead_id, lead.id) IS NOT NULL AND NOT EXISTS (
                   SELECT FROM whatsapp_identity identity
                    WHERE identity.lead_id = COALESCE(touch.lead_id, lead.id))
          FROM whatsapp_touch touch
          LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
          LEFT JOIN whatsapp_lead lead
            ON lead.workspace_id = touch.workspace_id
           AND lead.first_touch_token = touch.token
         WHERE touch.workspace_id = %(workspace)s AND touch.token = ANY(%(tokens)s)
        UNION ALL
        SELECT lead.first_touch_token, NULL, NULL, NULL, lead.id, NOT EXISTS (
                   SELECT FROM whatsapp_identity identity WHERE identity.lead_id = lead.id)
          FROM whatsapp_lead lead
         WHERE lead.workspace_id = %(workspace)s
           AND lead.first_touch_token = ANY(%(tokens)s)
        """,
        {"workspace": workspace_id, "tokens": list(wanted)},
    )
    matches: dict[str, TokenMatch] = {}
    for token, touch_id, link, occurred_at, lead_id, is_unmet in rows:
        matches.setdefault(
            token,
            TokenMatch(
                token=token,
                touch_id=touch_id,
                link=link,
                occurred_at=occurred_at,
                lead_id=lead_id,
                is_lead_unmet=is_unmet,
            ),
        )
    return matches


def rescue_matches(workspace_id: int, damaged: Sequence[tuple[int, str]]) -> Rescued:
    """For each (channel id, damaged token): clicks of the last 72 hours one slip away."""
    possible = [
        (channel_id, token, rescue)
        for channel_id, token in dict.fromkeys(damaged)
        for rescue in tokens.rescues(token)
    ]
    found: dict[tuple[int, str], list[TokenMatch]] = {
        (channel_id, token): [] for channel_id, token in damaged
    }
    if not possible:
        return found
    rows = bulk.run(
        """
        SELECT wanted.channel_id, wanted.damaged, touch.token, touch.id, link.slug,
               touch.occurred_at, touch.lead_id
          FROM unnest(%s::bigint[], %s::text[], %s::text[])
               AS wanted(channel_id, damaged, token)
          JOIN whatsapp_touch touch
            ON touch.workspace_id = %s AND touch.token = wanted.token
           AND touch.channel_id = wanted.channel_id
          LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
         WHERE touch.occurred_at > now() - %s::interval
        """,
        [
            [channel_id for channel_id, _, _ in possible],
            [token for _, token, _ in possible],
            [rescue for _, _, rescue in possible],
            workspace_id,
            RESCUE_WINDOW,
        ],
    )
    for channel_id, token, real, touch_id, link, occurred_at, lead_id in rows:
        found[channel_id, token].append(
            TokenMatch(real, touch_id, link, occurred_at, lead_id)
        )
    return found
