"""Lists the numbers of one workspace or of all: `list_channels --workspace demo --json`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.operators import OperatorCommand
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
        rows = (
            channels.list_channels(self.workspace(slug))
            if slug
            else channels.list_all_channels()
        )
        facts = [_facts(channel) for channel in rows.select_related("workspace")]
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
    }
