"""Asks every provider about the sessions that are due: `check_sessions --workspace demo --json`.

What Celery's beat does each minute. It exits with 1 when a number is not connected.
"""

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from integrations.services import monitor, outage_mail
from integrations.services.monitor import Tally

_DOWN = ("degraded", "disconnected", "failed", "expired")


class Command(OperatorCommand):
    help = "Ask providers about the sessions that are due, of a workspace or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--workspace", help="The slug; without it, every workspace."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        workspace = self.workspace(slug) if slug else None
        tally = monitor.run(workspace_id=workspace.pk if workspace else None)
        outage_mail.send_due()
        facts = asdict(tally) | {"states": dict(sorted(tally.states.items()))}
        self.answer(facts, _words(tally))
        if any(tally.states[state] for state in _DOWN):
            sys.exit(1)


def _words(tally: Tally) -> str:
    lines = [f"{count} {state}" for state, count in sorted(tally.states.items())]
    asked = "1 session asked" if tally.asked == 1 else f"{tally.asked} sessions asked"
    lines.append(
        f"{asked}, {tally.failed} without an answer, {tally.unasked} not asked,"
        f" {tally.given_back} left for later, {tally.seconds} s"
    )
    return "\n".join(lines)
