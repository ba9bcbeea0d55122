"""Every scenario with the rows it gives, in the order in which they are run."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.prove import (
    bad_input,
    crowd,
    database,
    kills,
    poison,
    redis_gone,
    replay,
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


SCENARIOS = (
    Scenario(("kills_lost", "kills_doubled", "kills_undone"), kills.kills),
    # On top of what the kills left behind.
    Scenario(("replay_changes",), replay.replay, starts_empty=False),
    Scenario(("first_messages_at_once",), crowd.first_messages_at_once),
    Scenario(("statuses_permuted",), status_model.statuses_permuted),
    Scenario(
        ("redis_flushed", "redis_frozen", "request_wait_redis_ms"),
        redis_gone.redis_gone,
    ),
    Scenario(("stopped_worker",), stopped.stopped_worker),
    Scenario(("poison_parked", "poison_rest_done"), poison.poison),
    Scenario(("database_away",), database.database_away),
    Scenario(("bad_input",), bad_input.bad_input),
)
