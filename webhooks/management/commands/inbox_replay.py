"""Puts finished or stuck webhooks through the corridor again: `inbox_replay --state parked`.

Safe to repeat: what is there already stays as it is. `--dry-run` tells the difference.
"""

import uuid
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Workspace
from accounts.operators import ACTOR, OperatorCommand, Refusal
from accounts.scoping import workspace_transaction
from integrations.models import Integration
from webhooks import inbox_admin, rehearsal
from webhooks.inbox_admin import REPLAYABLE, Actor, Selection
from webhooks.rehearsal import Rehearsal


class Command(OperatorCommand):
    help = "Process webhooks again: those of a time, a workspace, a state, or by id."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            type=_moment,
            help="Received at or after, as 2026-11-21T12:00 (UTC unless it says).",
        )
        parser.add_argument("--until", type=_moment, help="Received before.")
        parser.add_argument("--workspace", help="The slug.")
        parser.add_argument("--integration", help="Its key as add_integration told it.")
        parser.add_argument(
            "--state",
            action="append",
            choices=[str(state) for state in REPLAYABLE],
            help="Only rows of this state; may be given several times.",
        )
        parser.add_argument("--ids", nargs="+", type=int, metavar="ID")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Tell what would change, and change nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        selection = self._selection(options)
        if options["dry_run"]:
            found = rehearsal.rehearse(selection)
            self.answer(_facts(found), "\n".join(_lines(found)))
            return
        states = inbox_admin.replay(selection, by=Actor(label=ACTOR))
        rows = sum(states.values())
        self.answer(
            {"replayed": rows, "states": states}, f"{rows} webhooks are due again."
        )

    def _selection(self, options: dict[str, Any]) -> Selection:
        names = ("since", "until", "workspace", "integration", "state", "ids")
        if all(options[name] is None for name in names):
            raise Refusal({"selection": f"name at least one of {', '.join(names)}"})
        workspace = (
            self.workspace(options["workspace"]) if options["workspace"] else None
        )
        wanted = options["integration"]
        return Selection(
            ids=options["ids"],
            states=options["state"] or REPLAYABLE,
            workspace_id=workspace.pk if workspace else None,
            integration_id=_integration(wanted, workspace).pk if wanted else None,
            since=options["since"],
            until=options["until"],
        )


def _integration(wanted: str, workspace: Workspace | None) -> Integration:
    unknown = Refusal({"integration": "there is none with this key"})
    try:
        key = uuid.UUID(wanted)
    except ValueError:
        raise unknown from None
    for one in [workspace] if workspace else Workspace.objects.order_by("id"):
        with workspace_transaction(one.pk):
            found: Integration | None = (
                Integration.objects.for_workspace(one).filter(key=key).first()
            )
        if found is not None:
            return found
    raise unknown


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("is no date and time as 2026-11-21T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _facts(found: Rehearsal) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "states": dict(found.states),
        "new": dict(found.new),
        "duplicates": found.duplicates,
        "failing": [
            {"reason": reason, "rows": failing.rows, "ids": failing.ids}
            for reason, failing in found.failing.items()
        ],
        "parts": found.parts,
    }


def _lines(found: Rehearsal) -> list[str]:
    states = ", ".join(f"{rows} {state}" for state, rows in found.states.items())
    new = ", ".join(
        f"{rows} {name.replace('_', ' ')}" for name, rows in found.new.items() if rows
    )
    lines = [
        f"{found.rows} webhooks would be processed: {states or 'none'}.",
        f"New: {new or 'nothing'}. Already there: {found.duplicates} messages.",
    ]
    lines += [
        f"Failing: {failing.rows}, ids {', '.join(map(str, failing.ids))}: {reason}"
        for reason, failing in found.failing.items()
    ]
    if found.parts > 1:
        lines.append(
            f"Tried in {found.parts} parts: what one adds may be counted in a later one too."
        )
    return lines
