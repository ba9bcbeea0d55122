"""Every scenario with the rows it gives, in the order in which they are run."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.prove import (
    bad_input,
    crowd,
    database,
    events,
    flood,
    kills,
    live,
    notifications,
    poison,
    redis_gone,
    replay,
    sends,
    sent_statuses,
    status_model,
    stopped,
)
from tests.prove.plan import Plan
from tests.prove.report import Row


@dataclass(frozen=True)
class Scenario:
    names: tuple[str, ...]
    run: Callable[[Plan], list[Row]]
    starts_empty: bool = True

    def rows(self, plan: Plan) -> list[Row]:
        """What it found; a scenario that breaks proves nothing, and the others go on."""
        try:
            if self.starts_empty:
                plan.stack.empty()
            return self.run(plan)
        except Exception:  # noqa: BLE001  # shown, and every row of it is not ok
            traceback.print_exc()
            return [
                Row(name, -1, "the scenario broke", "none", ok=False)
                for name in self.names
            ]


SCENARIOS = (
    Scenario(("kills_lost", "kills_doubled", "kills_undone"), kills.kills),
    # On top of what the kills left behind.
    Scenario(("replay_changes",), replay.replay, starts_empty=False),
    Scenario(("first_messages_at_once",), crowd.first_messages_at_once),
    Scenario(("statuses_permuted",), status_model.statuses_permuted),
    Scenario(("statuses_of_sends",), sent_statuses.statuses_of_sends),
    Scenario(
        ("redis_flushed", "redis_frozen", "request_wait_redis_ms"),
        redis_gone.redis_gone,
    ),
    Scenario(live.NAMES, live.live),
    Scenario(("stopped_worker",), stopped.stopped_worker),
    Scenario(("poison_parked", "poison_rest_done"), poison.poison),
    Scenario(sends.NAMES, sends.sends),
    Scenario(notifications.NAMES, notifications.notifications),
    Scenario(("events_lost", "events_invented"), events.events),
    Scenario(("database_away",), database.database_away),
    Scenario(("bad_input",), bad_input.bad_input),
    Scenario(("flood_neighbour_p99", "flood_neighbour_refused"), flood.flood),
)
