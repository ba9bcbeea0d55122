"""Opens a workspace: `add_workspace --slug demo --name Demo`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.operators import ACTOR, OperatorCommand, Refusal
from accounts.services import onboarding


class Command(OperatorCommand):
    help = "Open a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--slug", required=True, help="Its place in addresses.")
        parser.add_argument("--name", required=True)
        parser.add_argument("--time-zone", default="America/Sao_Paulo")
        parser.add_argument("--language", default="pt-br")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            workspace = onboarding.add_workspace(
                slug=options["slug"],
                name=options["name"],
                time_zone=options["time_zone"],
                language=options["language"],
                actor_label=ACTOR,
                now=timezone.now(),
            )
        except onboarding.WorkspaceInvalid as error:
            raise Refusal(error.problems) from None
        self.answer(
            {
                "workspace": str(workspace.key),
                "slug": workspace.slug,
                "name": workspace.name,
            },
            f"Workspace {workspace.slug} is open; add its owner with add_member.",
        )
