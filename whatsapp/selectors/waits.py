"""How long people waited: the figures of a column of lengths, for answers and for tickets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

# Of an expression that is an interval, null where nobody has been answered yet.
COLUMNS: Final = """
count({length}), avg({length}),
percentile_cont(0.5) WITHIN GROUP (ORDER BY {length}),
percentile_cont(0.9) WITHIN GROUP (ORDER BY {length})
"""
COLUMN_COUNT: Final = 4


@dataclass(frozen=True, slots=True)
class Waits:
    """`number` of them; half took no longer than `median`, nine in ten no longer than
    `most`. None where there is none."""

    number: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None
    most: timedelta | None = None

    @classmethod
    def of(cls, columns: tuple[Any, ...]) -> "Waits":
        """Read COLUMNS, in their order."""
        return cls(*columns)


NONE: Final = Waits()


def columns(length: str) -> str:
    """`length` is SQL of the caller's own."""
    return COLUMNS.format(length=length)
