"""Values of a query that name something of this room."""

from accounts.api.answers import unprocessable
from accounts.api.guards import ApiWorkspaceRequest
from integrations.models import Channel
from whatsapp.selectors import exchange, own_numbers


def phone_of(request: ApiWorkspaceRequest, name: str = "phone") -> str:
    """In E.164, or nothing where none was asked for."""
    written = request.asked.get(name)
    if not written:
        return ""
    number = own_numbers.read_phone(request.workspace, written)
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
