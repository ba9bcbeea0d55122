"""What the sandbox's gateway does with a message of ours: takes it, or plays one that fails.

`views.sandbox_messages` comes before; `simulated_post` after, with the statuses. The page of
the customer's phone shows what Recado has sent from Recado's own rows.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from integrations.models import Channel, Mishap
from integrations.providers.base.outgoing import Template, kind_of
from integrations.providers.base.outgoing_json import Misshapen, load_content
from integrations.providers.base.types import Json, MessageKind
from integrations.providers.sandbox.behaviour import Plan, plan
from integrations.providers.sandbox.errors import NOT_LINKED
from integrations.services import sandbox_gateway, simulated_templates
from integrations.services.simulated_post import POSTMAN

# As Meta would say it.
TEMPLATE_UNKNOWN: Final = "132001"
MISSHAPEN: Final = "131009"


@dataclass(frozen=True, slots=True)
class Taken:
    """`message_id` is empty when the message got lost; `plan` is what is answered."""

    plan: Plan
    message_id: str = ""


def take(channel: Channel, told: dict[str, Json]) -> Taken:
    """Take a message, and let its statuses follow."""
    found = sandbox_gateway.phone_of(channel)
    if not found.is_linked:
        return Taken(Plan(409, NOT_LINKED))
    try:
        content = load_content(told.get("message"))
    except Misshapen:
        return Taken(Plan(400, MISSHAPEN))
    if isinstance(content, Template) and not _is_approved(channel, content):
        return Taken(Plan(400, TEMPLATE_UNKNOWN))
    decided = plan(content, has_internet=found.mishap != Mishap.OFFLINE)
    if decided.status not in {201, 500}:
        return Taken(decided)
    message_id = f"out-{secrets.token_hex(12)}"
    token = told.get("callback_token")
    if kind_of(content) is not MessageKind.REACTION:  # a reaction is not read
        POSTMAN.later(
            channel,
            message_id,
            decided.news,
            callback_token=token[:64] if isinstance(token, str) else "",
        )
    return Taken(decided, message_id)


def _is_approved(channel: Channel, template: Template) -> bool:
    return simulated_templates.is_approved(
        channel, name=template.name, language=template.language, now=timezone.now()
    )
