"""Adds a tracked link: `add_tracked_link --workspace demo --slug bio --channel +55…`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import Workspace
from accounts.operators import ACTOR, OperatorCommand, Refusal
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from whatsapp.selectors import own_numbers
from whatsapp.services import links


class Command(OperatorCommand):
    help = "Add a tracked link to a number of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--workspace", required=True, help="The slug.")
        parser.add_argument("--slug", required=True, help="The link becomes /r/<slug>.")
        parser.add_argument(
            "--channel", required=True, help="The number (+55…) or its key."
        )
        parser.add_argument("--text", default="", help="What the visitor will say.")
        for name in links.UTM_FIELDS:
            parser.add_argument(f"--{name.replace('_', '-')}", default="", dest=name)

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = self.workspace(options["workspace"])
        with workspace_transaction(workspace.pk):
            self._add(workspace, options)

    def _add(self, workspace: Workspace, options: dict[str, Any]) -> None:
        channel = _find_channel(workspace, options["channel"])
        if channel is None:
            raise Refusal({"channel": "this workspace has no such live number"})
        try:
            link = links.add_tracked_link(
                workspace=workspace,
                channel=channel,
                slug=options["slug"],
                prefilled_text=options["text"],
                utm={name: options[name] for name in links.UTM_FIELDS},
                actor_label=ACTOR,
                now=timezone.now(),
            )
        except links.LinkInvalid as error:
            raise Refusal(error.problems) from None
        url = links.public_url(link)
        facts = {"link": str(link.key), "slug": link.slug, "url": url}
        self.answer({**facts, "channel": str(channel.key)}, url)


def _find_channel(workspace: Workspace, wanted: str) -> Channel | None:
    channels = Channel.objects.for_workspace(workspace).filter(is_active=True)
    # Two providers may serve one number in a change-over: the newer one counts.
    return own_numbers.pick(list(channels.order_by("-pk")), wanted)
