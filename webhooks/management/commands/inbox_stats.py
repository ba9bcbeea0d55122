"""How the inbox stands: `inbox_stats --workspace demo --json`. Cheap at any size."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
from webhooks import inbox_stats
from webhooks.inbox_stats import Reason, Stats


class Command(OperatorCommand):
    help = "Tell what waits in the inbox, what is stuck and why, and how much comes in."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--workspace", help="The slug; without it, all of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        workspace_id = self.workspace(slug).pk if slug else None
        stats = inbox_stats.read(workspace_id=workspace_id)
        facts = {
            "workspace": slug,
            **{
                name: value
                for name, value in asdict(stats).items()
                if name not in {"parked", "unrouted"}
            },
            "per_minute": stats.per_minute,
            "parked": [_facts(reason) for reason in stats.parked],
            "unrouted": [_facts(reason) for reason in stats.unrouted],
        }
        self.answer(facts, "\n".join(_lines(stats)))


def _facts(reason: Reason) -> dict[str, Any]:
    return {**asdict(reason), "since": reason.since.isoformat()}


def _lines(stats: Stats) -> list[str]:
    lines = [f"{state:<10}{rows:>10}" for state, rows in stats.states.items()]
    if stats.is_estimate and stats.finished is not None:
        lines.append(f"{'finished':<10}{stats.finished:>10} (about)")
    lines.append(f"oldest due: {stats.oldest_due_seconds:.1f} s")
    received = sum(stats.last_hour.values())
    lines.append(f"last hour: {received} received, {stats.per_minute:g} a minute")
    for title, reasons in (("parked", stats.parked), ("unrouted", stats.unrouted)):
        lines += [
            f"{title}: {one.rows} {one.provider} since {one.since:%Y-%m-%d %H:%M}, "
            f"first id {one.first_id}: {one.reason}"
            for one in reasons
        ]
    return lines
