"""Who answers: how much each host is asked at once, and who is not asked any more.

`monitor` comes before, and whoever else asks many providers at once. A slot is a host, which
takes no more than its share. A lane is what one workspace has at one address there: it is
given up on alone, since numbers that are broken are mostly their owner's affair; the whole
host only when nobody there gets an answer.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from integrations.failures import Failure
from integrations.models import Problem

MOST_PER_SLOT: Final = 64
# So many in a row without an answer: a lane that is down is down for all who wait in it. As
# many workspaces, and as many answers as may be under way: so is the host.
GIVE_UP_AFTER: Final = 6
_MISSES: Final = frozenset({Problem.UNREACHABLE, Problem.UNAVAILABLE, Problem.BUSY})


class Waiting(Protocol):
    """Something to be asked: whose it is, and where on its host."""

    @property
    def workspace_id(self) -> int: ...

    @property
    def address(self) -> str: ...


One = TypeVar("One", bound=Waiting)


@dataclass(slots=True)
class _Lane(Generic[One]):
    waiting: deque[One] = field(default_factory=deque)
    misses: int = 0  # in a row
    # What is written about the rest without asking: it is down, or tells us to wait.
    verdict: Failure | None = None


@dataclass(slots=True)
class Slot(Generic[One]):
    """One host: its lanes take turns, so that nobody waits for all of a neighbour's numbers."""

    lanes: dict[tuple[int, str], _Lane[One]] = field(default_factory=dict)
    turns: deque[_Lane[One]] = field(
        default_factory=deque
    )  # those in which somebody waits
    under_way: int = 0
    misses: int = 0  # in a row, of anybody
    missing: set[int] = field(default_factory=set)  # the workspaces of these
    verdict: Failure | None = None

    def add(self, one: One) -> None:
        lane = self.lanes.setdefault(_key(one), _Lane())
        if not lane.waiting:
            self.turns.append(lane)
        lane.waiting.append(one)

    def look(self) -> tuple[One, Failure | None]:
        """Whose turn it is, and what is known without asking. Somebody has to wait."""
        lane = self.turns[0]
        return lane.waiting[0], lane.verdict or self.verdict

    def pop(self) -> None:
        lane = self.turns.popleft()
        lane.waiting.popleft()
        if lane.waiting:
            self.turns.append(lane)

    def has_room(self, free: int) -> bool:
        """It takes at most half of the threads that are free, so that some are always left."""
        share = max(1, (free + self.under_way) // 2)
        return free > 0 and self.under_way < min(MOST_PER_SLOT, share)

    def judge(self, one: One, answer: object) -> None:
        """Learn from one answer how the lane and the host are doing."""
        lane = self.lanes[_key(one)]
        if not isinstance(answer, Failure) or answer.problem not in _MISSES:
            lane.misses = self.misses = 0
            self.missing.clear()
            return
        lane.misses += 1
        self.misses += 1
        self.missing.add(one.workspace_id)
        if lane.misses >= GIVE_UP_AFTER:
            lane.verdict = answer
        if self.misses >= MOST_PER_SLOT and len(self.missing) >= GIVE_UP_AFTER:
            self.verdict = answer

    def left(self) -> list[One]:
        return [one for lane in self.turns for one in lane.waiting]


def _key(one: Waiting) -> tuple[int, str]:
    return one.workspace_id, one.address
