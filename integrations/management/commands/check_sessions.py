"""Asks every provider about the sessions that are due: `check_sessions --workspace demo --json`.

What Celery's beat does each minute. It exits with 1 when a number is not connected, whether
or not it was due, and when one ended in this run without ever being so.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Workspace
from accounts.operators import OperatorCommand
from accounts.scoping import workspace_transaction
from integrations.models import SessionState
from integrations.selectors import connecting
from integrations.services import monitor, outage_mail
from integrations.services.monitor import Tally

_DOWN = (SessionState.DEGRADED, SessionState.DISCONNECTED)
_ENDED = (SessionState.FAILED, SessionState.EXPIRED)


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
        standing = _standing([workspace] if workspace else Workspace.objects.all())
        facts = asdict(tally) | {
            "states": dict(sorted(tally.states.items())),
            "standing": dict(sorted(standing.items())),
        }
        self.answer(facts, _words(tally, standing))
        is_down = any(standing[state] for state in _DOWN)
        if is_down or any(tally.states[state] for state in _ENDED):
            sys.exit(1)


def _standing(workspaces: Iterable[Workspace]) -> Counter[str]:
    """How every open session is shown now: most of them are not due in each run."""
    found: Counter[str] = Counter()
    for workspace in workspaces:
        with workspace_transaction(workspace.pk):
            found.update(connecting.count_states(workspace.pk))
    return found


def _words(tally: Tally, standing: Counter[str]) -> str:
    ended = Counter({state: tally.states[state] for state in _ENDED})
    lines = [f"{count} {state}" for state, count in sorted((standing + ended).items())]
    asked = "1 session asked" if tally.asked == 1 else f"{tally.asked} sessions asked"
    lines.append(
        f"{asked}, {tally.failed} without an answer, {tally.unasked} not asked,"
        f" {tally.given_back} left for later, {tally.seconds} s"
    )
    return "\n".join(lines)
