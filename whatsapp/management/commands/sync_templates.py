"""Reads the lists of message templates: `sync_templates --workspace demo --all --json`.

What Celery's beat does every minute for those whose hour is over. It exits with 1 when a
list could not be read.
"""

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from whatsapp.services import template_sync
from whatsapp.services.template_sync import Tally


class Command(OperatorCommand):
    help = "Read the lists of templates that are due, of a workspace or of all."

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
        tally = template_sync.run(workspace=workspace, is_forced=options["all"])
        facts = asdict(tally) | {"problems": dict(sorted(tally.problems.items()))}
        self.answer(facts, _words(tally))
        if tally.problems:
            sys.exit(1)


def _words(tally: Tally) -> str:
    lines = [
        f"{count} not read: {word}" for word, count in sorted(tally.problems.items())
    ]
    taken = tally.taken
    lists = "1 list" if tally.synced == 1 else f"{tally.synced} lists"
    lines.append(
        f"{lists} read, {taken.found} templates: {taken.new} new, {taken.changed} changed,"
        f" {taken.gone} gone, {tally.seconds} s"
    )
    return "\n".join(lines)
