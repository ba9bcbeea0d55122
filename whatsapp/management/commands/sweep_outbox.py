"""What the beat does every five seconds, by hand: `sweep_outbox --drain --json`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.operators import OperatorCommand
from whatsapp.services import outbox_claims, sending, unconfirmed


class Command(OperatorCommand):
    help = "End the leases of dead workers and look up what is unconfirmed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--drain",
            type=float,
            metavar="SECONDS",
            help="Also send what is due, for at most so long.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        facts: dict[str, Any] = {
            "unconfirmed": outbox_claims.end_leases(),
            "found": unconfirmed.look_up(now=timezone.now()),
        }
        if options["drain"]:
            tally = sending.drain(budget_seconds=options["drain"])
            facts |= {
                "sent": tally.sent,
                "endings": {str(name): count for name, count in tally.endings.items()},
                "refused": dict(tally.refused),
                "fence_closed": tally.is_fenced,
                "seconds": tally.seconds,
            }
        self.answer(facts, "\n".join(f"{name}: {told}" for name, told in facts.items()))
