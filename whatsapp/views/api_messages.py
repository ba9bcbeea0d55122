"""`/api/messages`: another system sends a message, and asks what became of it."""

import uuid
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.api import answers, listing
from accounts.api.answers import unprocessable
from accounts.api.guards import ApiWorkspaceRequest, operation, resource
from whatsapp import api_bodies, api_refusals, api_told, phones
from whatsapp import api_operations as operations
from whatsapp.api_bodies import Asked
from whatsapp.models import OutboxEntry, StatusEvent
from whatsapp.selectors import sends
from whatsapp.selectors.send_filters import SendFilter
from whatsapp.services.replies import ReplyRefused
from whatsapp.template_filling import Unfilled
from whatsapp.views import api_asking
from whatsapp.views.api_values import channel_of, phone_of

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@operation(operations.LIST_MESSAGES)
def list_messages(request: ApiWorkspaceRequest) -> HttpResponse:
    asked = request.asked
    number = phone_of(request, "to")
    channel = channel_of(request)
    filters = SendFilter(
        since=asked.get("created_since", _BEGINNING),
        until=asked.get("created_before", timezone.now() + timedelta(days=1)),
        shown=asked.get("state", ""),
        channel_id=channel.pk if channel else None,
        peer_key=phones.match_key_for_phone(number) if number else "",
    )
    page = sends.list_sends(
        request.workspace,
        filters,
        before=listing.position_of(request),
        size=listing.size_of(request),
    )
    return listing.answer(request, page, api_told.send_row)


@operation(operations.SEND_MESSAGE)
def send_message(request: ApiWorkspaceRequest) -> HttpResponse:
    """202 with the message's id once it is promised; 422 with the field when it is not."""
    entry = api_asking.find_promised(request)
    if entry is None:
        entry = _promise(request, api_bodies.read(request.told))
    return promised(entry)


@operation(operations.GET_MESSAGE)
def message(request: ApiWorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    found = sends.find_entries(request.workspace, keys=[key])
    if not found:
        raise answers.not_found()
    [entry] = found
    statuses = (
        StatusEvent.objects.for_workspace(request.workspace)
        .filter(message=entry.message_id)
        .order_by("provider_at", "pk")[:100]
    )
    return answers.answer(api_told.send(entry, list(statuses)))


messages = resource(list_messages, send_message)


def promised(entry: OutboxEntry) -> HttpResponse:
    url = reverse("whatsapp-api:message", kwargs={"key": entry.key})
    told = {
        "id": str(entry.key),
        "created_at": api_told.moment(entry.created_at),
        "url": url,
    }
    return answers.answer(told, status=202, headers={"Location": url})


def _promise(request: ApiWorkspaceRequest, asked: Asked) -> OutboxEntry:
    try:
        return api_asking.promise(request, asked, now=timezone.now())
    except Unfilled as refused:
        raise unprocessable(
            refused.field, "template_incomplete", refused.told
        ) from None
    except ReplyRefused as refused:
        recipient = "to" if asked.to else "conversation"
        fields = {
            "text": asked.content_field,
            "caption": "media.caption",
            "file": "media",
            "person": recipient,
            "number": "channel",
        }
        raise api_refusals.problem(refused, fields) from None
