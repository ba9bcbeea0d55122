"""Connects a number: `add_integration --workspace demo --provider meta_cloud --name Shop`.

The credentials come as one JSON object on standard input, since arguments are seen by
everybody on the machine. Answers and refusals are JSON, and quote no value.
"""

import json
import sys
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.operators import ACTOR, OperatorCommand, Refusal
from integrations.providers import registry
from integrations.providers.base.errors import CredentialsInvalid
from integrations.services import connections, sandbox, simulated
from integrations.services.places import PlaceTaken

MOST_BYTES = 64 * 1024


class Command(OperatorCommand):
    help = (
        "Connect a number; reads the credentials as a JSON object from standard input."
    )
    is_always_json = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--workspace", required=True, help="The slug.")
        parser.add_argument("--provider", required=True)
        parser.add_argument("--name", required=True, help="As members will know it.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = self.workspace(options["workspace"])
        now = timezone.now()
        try:
            connected = connections.add_integration(
                workspace=workspace,
                provider=options["provider"],
                name=options["name"],
                credentials=_read_credentials(),
                actor_label=ACTOR,
                now=now,
                is_proven=True,
            )
        except registry.UnknownProvider:
            offered = ", ".join(registry.slugs())
            raise Refusal({"provider": f"is none of {offered}"}) from None
        except CredentialsInvalid as error:
            raise Refusal(error.problems) from None
        except connections.NameInvalid as error:
            raise Refusal({"name": str(error)}) from None
        except connections.NumberTaken as error:
            raise Refusal({"phone_number": str(error)}) from None
        except PlaceTaken as error:
            raise Refusal({error.field: str(error)}) from None
        if options["provider"] == sandbox.SLUG:
            # Whoever adds it by a command wants to go on by commands: its phone is linked.
            simulated.link_at_once(connected.channel, now=now)
        facts = {
            "integration": str(connected.integration.key),
            "channel": str(connected.channel.key),
            "webhook_url": connected.webhook_url,
        }
        self.answer(facts, "")


def _read_credentials() -> dict[str, object]:
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        credentials = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        credentials = None
    if not isinstance(credentials, dict):
        raise Refusal({"standard input": "holds no JSON object of credentials"})
    return credentials
