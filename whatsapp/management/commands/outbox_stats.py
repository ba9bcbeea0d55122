"""How the outbox stands: `outbox_stats --json`, over all workspaces."""

from typing import Any

from accounts.operators import OperatorCommand
from whatsapp.services import fence, outbox_claims


class Command(OperatorCommand):
    help = "Tell how many messages wait, are on their way, unconfirmed or failed."

    def handle(self, *args: Any, **options: Any) -> None:
        stats = outbox_claims.stats()
        is_closed = fence.state().is_closed
        facts = {
            "states": stats.states,
            "oldest_due_seconds": round(stats.oldest_due_seconds, 1),
            "fence_closed": is_closed,
        }
        lines = [f"{state:<11}{count:>10}" for state, count in stats.states.items()]
        lines.append(f"oldest due: {stats.oldest_due_seconds:.1f} s")
        if is_closed:
            lines.append("fence closed: see `manage.py outbox_fence`")
        self.answer(facts, "\n".join(lines))
