"""Deletes webhooks that were kept long enough: `inbox_prune --dry-run --json`.

Each workspace says how long (`raw_webhook_days`); stuck rows stay unless asked for.
"""

from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import ACTOR, OperatorCommand
from webhooks import inbox_admin
from webhooks.inbox_admin import Actor


class Command(OperatorCommand):
    help = "Delete finished webhooks older than their workspace keeps them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--all-states",
            action="store_true",
            help="Parked and unrouted ones too; those still in work never.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Count, and delete nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry = options["dry_run"]
        pruned = []
        for kept in inbox_admin.retentions():
            rows = (
                inbox_admin.count_expired(kept, all_states=options["all_states"])
                if is_dry
                else inbox_admin.prune(
                    kept, all_states=options["all_states"], by=Actor(label=ACTOR)
                )
            )
            pruned.append({"workspace": kept.slug, "days": kept.days, "rows": rows})
        total = sum(int(one["rows"] or 0) for one in pruned)
        verb = "would be deleted" if is_dry else "deleted"
        lines = [
            f"{one['workspace'] or '(no workspace)'}: {one['rows']} "
            f"older than {one['days']} days"
            for one in pruned
        ]
        self.answer(
            {"deleted": 0 if is_dry else total, "expired": total, "by": pruned},
            "\n".join([*lines, f"{total} webhooks {verb}."]),
        )
