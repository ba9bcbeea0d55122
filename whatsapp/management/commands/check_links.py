"""Checks tracked links: `check_links --workspace demo --all --json`.

What Celery's beat does every few minutes for those whose day is over. It exits with 1 when a
link is broken.
"""

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from whatsapp.models import CheckState
from whatsapp.services import link_checks
from whatsapp.services.link_checks import Tally


class Command(OperatorCommand):
    help = "Check the tracked links that are due, of a workspace or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--workspace", help="The slug; without it, every workspace."
        )
        parser.add_argument(
            "--all", action="store_true", help="Those that are not due as well."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        workspace = self.workspace(slug) if slug else None
        tally = link_checks.run(workspace=workspace, is_forced=options["all"])
        facts = asdict(tally) | {"states": dict(sorted(tally.states.items()))}
        self.answer(facts, _words(tally))
        if tally.states[CheckState.BROKEN.value]:
            sys.exit(1)


def _words(tally: Tally) -> str:
    lines = [f"{count} {state}" for state, count in sorted(tally.states.items())]
    checked = "1 link" if tally.checked == 1 else f"{tally.checked} links"
    lines.append(f"{checked} checked, {tally.changed} changed, {tally.seconds} s")
    return "\n".join(lines)
