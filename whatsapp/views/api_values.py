"""Values of a query that name something of this room."""

from collections.abc import Mapping
from typing import Any

from accounts.api.answers import unprocessable
from accounts.api.guards import ApiWorkspaceRequest
from integrations.models import Channel
from whatsapp import phones
from whatsapp.selectors import exchange


def phone_of(asked: Mapping[str, Any], name: str = "phone") -> str:
    """In E.164, or nothing where none was asked for."""
    written = asked.get(name)
    if not written:
        return ""
    number = phones.to_e164(written)
    if number is None:
        raise unprocessable(name, "not_a_phone_number", "A phone number is expected.")
    return number


def channel_of(request: ApiWorkspaceRequest) -> Channel | None:
    written = request.asked.get("channel")
    if not written:
        return None
    channel = exchange.find_channel(request.workspace, written)
    if channel is None:
        raise unprocessable("channel", "unknown_channel", "There is no such number.")
    return channel
