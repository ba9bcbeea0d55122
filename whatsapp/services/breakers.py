"""Provider accounts that do not answer are left alone, and tried now and then.

Failures in a row open a breaker; its numbers' messages wait. While it is open one message
tries each time, and the first answer closes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts import bulk
from accounts.scoping import workspace_transaction

OPENS_AFTER: Final = 5
FIRST_PROBE: Final = 10.0  # seconds; twice as long each time, up to
LAST_PROBE: Final = 300.0


@dataclass(slots=True)
class Signs:
    """What sends through one integration told about it since the last that were noted."""

    misses: int = 0  # since the newest answer
    has_answered: bool = False
    reason: str = ""

    def answer(self) -> None:
        self.misses, self.has_answered = 0, True

    def miss(self, reason: str) -> None:
        self.misses += 1
        self.reason = reason


def note(workspace_id: int, signs: Mapping[int, Signs]) -> None:
    """Bring the breakers of one workspace up to what its sends told, by integration id."""
    told = {id_: one for id_, one in signs.items() if one.misses or one.has_answered}
    if not told:
        return
    with workspace_transaction(workspace_id):
        bulk.run(
            """
            WITH new AS (
                SELECT * FROM unnest(%(id)s::bigint[], %(misses)s::integer[],
                                     %(answered)s::boolean[], %(reason)s::text[])
                  AS t(integration_id, misses, has_answered, reason)
            )
            INSERT INTO whatsapp_breaker AS breaker (workspace_id, integration_id, failures,
                   reason, opened_at, probe_at)
            SELECT %(workspace)s, new.integration_id, new.misses, new.reason,
                   CASE WHEN new.misses >= %(most)s::integer THEN statement_timestamp() END,
                   CASE WHEN new.misses >= %(most)s::integer THEN statement_timestamp()
                        + make_interval(secs => %(first)s::float8) END
              FROM new
              JOIN integrations_integration integration
                ON integration.id = new.integration_id
              LEFT JOIN whatsapp_breaker known
                ON known.integration_id = new.integration_id
               AND known.workspace_id = %(workspace)s
             WHERE new.misses > 0 OR known.failures > 0
             ORDER BY new.integration_id
            ON CONFLICT (workspace_id, integration_id) DO UPDATE
               SET (failures, reason, opened_at, probe_at) = (
                    SELECT state.failures, EXCLUDED.reason,
                           CASE WHEN state.failures >= %(most)s::integer
                                THEN COALESCE(state.opened_at, statement_timestamp()) END,
                           CASE WHEN state.failures >= %(most)s::integer
                                THEN statement_timestamp() + make_interval(secs => LEAST(
                                     %(last)s::float8, %(first)s::float8 * power(2, LEAST(
                                     state.failures - %(most)s::integer, 10)))) END
                      FROM (SELECT EXCLUDED.failures
                                   + CASE WHEN was.has_answered THEN 0
                                          ELSE breaker.failures END AS failures,
                                   CASE WHEN was.has_answered THEN NULL
                                        ELSE breaker.opened_at END AS opened_at
                              FROM (SELECT EXCLUDED.integration_id = ANY(%(well)s::bigint[])
                                       AS has_answered) was) state)
            """,
            {
                "workspace": workspace_id,
                "id": list(told),
                "misses": [one.misses for one in told.values()],
                "answered": [one.has_answered for one in told.values()],
                "reason": [one.reason[:200] for one in told.values()],
                "well": [id_ for id_, one in told.items() if one.has_answered],
                "most": OPENS_AFTER,
                "first": FIRST_PROBE,
                "last": LAST_PROBE,
            },
        )
