"""What the worker of files does, by hand: `fetch_media --seconds 60 --json`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from whatsapp.services import media_fetching


class Command(OperatorCommand):
    help = "Fetch the files that are due from their providers."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--seconds",
            type=float,
            default=60.0,
            help="Begin no further file after so long (60).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tally = media_fetching.drain(budget_seconds=options["seconds"])
        facts = {"endings": dict(tally.endings), "seconds": tally.seconds}
        told = ", ".join(f"{count} {name}" for name, count in tally.endings.items())
        self.answer(facts, told or "Nothing is due.")
