"""`/api/whatsapp/send`: another system writes to a client, who is known by an `oauth_id`."""

from django.http import HttpResponse
from django.utils import timezone

from accounts.api.answers import unprocessable
from accounts.api.guards import ApiWorkspaceRequest, operation
from integrations.models import Channel
from integrations.providers.base.outgoing import Text
from tickets import api_operations as operations
from tickets.models import Client
from tickets.selectors import clients as selector
from tickets.views import api_clients
from whatsapp import api_refusals
from whatsapp.api_bodies import Asked
from whatsapp.selectors import exchange
from whatsapp.services.replies import ReplyRefused
from whatsapp.views import api_asking, api_messages

_FIELDS = {
    "text": "message",
    "person": "oauth_id",
    "number": "channel",
    "conversation": "oauth_id",
}


@operation(operations.SEND_TO_CLIENT)
def send_to_client(request: ApiWorkspaceRequest) -> HttpResponse:
    """202 once it is promised; 422 says why it is not, 404 whom nobody knows."""
    entry = api_asking.find_promised(request)
    if entry is None:
        client = api_clients.find(request, request.told["oauth_id"])
        asked = _asked(request, client)
        try:
            entry = api_asking.promise(request, asked, now=timezone.now())
        except ReplyRefused as refused:
            raise api_refusals.problem(refused, _FIELDS) from None
    return api_messages.promised(entry)


def _asked(request: ApiWorkspaceRequest, client: Client) -> Asked:
    """In the conversation they wrote in last, else to their phone."""
    told = request.told
    channel = _channel(request)
    lead = selector.lead_of(client)
    talk = exchange.find_talk(lead, channel=channel) if lead else None
    if talk is None and not client.phone:
        raise unprocessable(
            "oauth_id",
            "client_without_phone",
            "This client has no phone, and has not written on WhatsApp.",
        )
    return Asked(
        content=Text(told["message"]),
        to="" if talk else client.phone,
        conversation=talk.key if talk else None,
        channel=told.get("channel", ""),
        reply_to="",
        is_bulk=False,
    )


def _channel(request: ApiWorkspaceRequest) -> Channel | None:
    written = request.told.get("channel")
    if not written:
        return None
    channel = exchange.find_channel(request.workspace, written)
    if channel is None:
        raise unprocessable("channel", "unknown_channel", "There is no such number.")
    return channel
