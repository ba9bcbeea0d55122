"""What every scenario gets: the running stack, the size of the proof, and its dice."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.prove.clients import Clients, Ledger, Post
from tests.prove.stack import Stack


@dataclass
class Plan:
    stack: Stack
    is_quick: bool
    seed: int

    def chance(self, name: str) -> random.Random:
        """Dice of its own for each scenario, so that `--only` throws the same."""
        return random.Random(f"{self.seed} {name}")

    def size(self, full: int, quick: int) -> int:
        return quick if self.is_quick else full

    def ledger(self, name: str) -> Ledger:
        return Ledger(self.stack.var / f"{name}.ledger")

    def clients(
        self,
        posts: Sequence[Post],
        ledger: Ledger,
        *,
        rate: float | None = None,
        count: int = 8,
    ) -> Clients:
        stack = self.stack
        return Clients(
            stack.port, stack.webhook_path, posts, ledger, rate=rate, count=count
        )
