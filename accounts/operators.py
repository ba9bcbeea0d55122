"""What the commands of operators share: one object out, one line of refusal, exit code 1.

Room 0, used by `management/commands/` of every room. Usage errors are argparse's: code 2.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from accounts.models import Workspace

ACTOR = "operator"  # who the audit trail names for what a command did


class Refusal(Exception):
    """The command cannot do that. `problems` gives the reason for each argument or field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


class OperatorCommand(BaseCommand):
    """Answers in words, or with `--json` in one JSON object; refuses likewise."""

    is_always_json = False

    def add_arguments(self, parser: CommandParser) -> None:
        # Commands that always answer so take it too: nobody has to know which they are.
        parser.add_argument(
            "--json", action="store_true", help="Print one JSON object."
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.wants_json = self.is_always_json or bool(options.get("json"))
        try:
            with translation.override("en"):  # beside the English of this room's texts
                return super().execute(*args, **options)
        except Refusal as refusal:
            line = json.dumps({"error": "refused", "fields": refusal.problems})
            self.stderr.write(line if self.wants_json else str(refusal))
            sys.exit(1)

    def answer(self, facts: Mapping[str, Any], words: str) -> None:
        self.stdout.write(json.dumps(facts) if self.wants_json else words)

    def workspace(self, slug: str) -> Workspace:
        workspace = Workspace.objects.filter(slug=slug).first()
        if workspace is None:
            raise Refusal({"workspace": "there is no workspace with this slug"})
        return workspace
