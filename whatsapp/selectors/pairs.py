"""Which leads somebody has told apart, themselves or in what was merged into them."""

from collections.abc import Collection

from accounts import bulk
from whatsapp.models import PairVerdict

Pair = frozenset[int]


def told_apart(workspace_id: int, lead_ids: Collection[int]) -> set[Pair]:
    """Pairs among these leads that are known not to be one person."""
    if not lead_ids:
        return set()
    rows = bulk.run(
        """
        WITH one AS MATERIALIZED (
            SELECT id, id AS into_id FROM whatsapp_lead
             WHERE workspace_id = %(workspace)s AND id = ANY(%(leads)s)
             UNION ALL
            SELECT id, merged_into_id FROM whatsapp_lead
             WHERE workspace_id = %(workspace)s AND merged_into_id = ANY(%(leads)s)
        )
        SELECT first.into_id, second.into_id
          FROM one first
          JOIN whatsapp_leadpair pair
            ON pair.workspace_id = %(workspace)s AND pair.first_id = first.id
          JOIN one second ON second.id = pair.second_id
         WHERE pair.verdict = %(distinct)s
        """,
        {
            "workspace": workspace_id,
            "leads": sorted(lead_ids),
            "distinct": PairVerdict.DISTINCT.value,
        },
    )
    return {frozenset(row) for row in rows}
