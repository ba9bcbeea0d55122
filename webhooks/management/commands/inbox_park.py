"""Sets webhooks aside: `inbox_park --ids 12 13 --reason "asked the provider"`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import ACTOR, OperatorCommand, Refusal
from webhooks import inbox_admin
from webhooks.inbox_admin import Actor


class Command(OperatorCommand):
    help = "Park webhooks by id, out of every worker's hands, until they are replayed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--ids", nargs="+", type=int, required=True, metavar="ID")
        parser.add_argument("--reason", required=True, help="Kept with each of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not reason or not reason.isprintable():
            raise Refusal({"reason": "say why, in one line"})
        ids = sorted(set(options["ids"]))
        states = inbox_admin.park(ids, reason=reason, by=Actor(label=ACTOR))
        rows = sum(states.values())
        # Done ones stay done, and the caller should hear of a mistyped id.
        left = {
            id_: state
            for id_, state in inbox_admin.states_of(ids).items()
            if state != "parked"
        }
        words = f"{rows} webhooks are parked."
        if left:
            words += " Left as they are: " + ", ".join(
                f"{id_} ({state})" for id_, state in left.items()
            )
        self.answer({"parked": rows, "states": states, "left": left}, words)
