"""Lists the numbers of one workspace or of all: `list_channels --workspace demo --json`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Workspace
from accounts.operators import OperatorCommand
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.selectors import channels


class Command(OperatorCommand):
    help = "List the numbers of a workspace, or of all of them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--workspace", help="The slug; without it, every workspace."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        workspaces = (
            [self.workspace(slug)] if slug else Workspace.objects.order_by("id")
        )
        facts = []
        for workspace in workspaces:
            with workspace_transaction(workspace.pk):
                rows = channels.list_channels(workspace).select_related("workspace")
                facts += [_facts(channel) for channel in rows]
        lines = [
            "  ".join(str(fact[name]) for name in ("workspace", "phone", "provider"))
            + f"  {fact['state']}  {fact['channel']}"
            for fact in facts
        ]
        lines.append("1 number" if len(facts) == 1 else f"{len(facts)} numbers")
        self.answer({"channels": facts}, "\n".join(lines))


def _facts(channel: Channel) -> dict[str, Any]:
    integration = channel.integration
    return {
        "channel": str(channel.key),
        "workspace": channel.workspace.slug,
        "integration": str(integration.key) if integration else None,
        "provider": channel.provider,
        "phone": channel.phone,
        "name": channel.display_name,
        "state": channel.state,
        "is_active": channel.is_active,
        "is_claimed": channel.claim_id is not None,
    }
