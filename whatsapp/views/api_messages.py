"""`/api/messages`: another system sends a message, and asks what became of it."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.api import answers
from accounts.api.answers import Problem, unprocessable
from accounts.api.bearers import Person
from accounts.api.guards import READS, ApiWorkspaceRequest, in_workspace
from accounts.http import client_ip
from accounts.permissions import Scope
from whatsapp import api_bodies, send_reasons
from whatsapp.api_bodies import Asked
from whatsapp.models import OutboxEntry, StatusEvent
from whatsapp.selectors import sends
from whatsapp.services import api_sends, replies
from whatsapp.services.api_sends import KeyReused
from whatsapp.services.replies import ReplyRefused
from whatsapp.template_filling import Unfilled

_SENTENCES = {
    api_sends.UNKNOWN_CHANNEL: "There is no such number, or it is of another one.",
    api_sends.CHANNEL_NEEDED: "Name the number it goes out from: there is not just one.",
    api_sends.UNKNOWN_CONVERSATION: "There is no such conversation.",
    replies.OUT_OF_REACH: "The last message did not reach them, so this one would not.",
    api_sends.NOT_A_NUMBER: "A phone number with its country code is expected.",
}


@in_workspace(Scope.MESSAGES_SEND, "POST")
def messages(request: ApiWorkspaceRequest) -> HttpResponse:
    """202 with the message's id once it is promised; 422 with the field when it is not."""
    if request.content_type != "application/json":
        raise Problem(415, "unsupported_media_type", "Send application/json.")
    key = api_bodies.idempotency_key(request.headers.get("Idempotency-Key"))
    told = api_bodies.read_json(_body(request))
    digest = api_bodies.digest_of(told)
    business_key = f"api:{_system(request)}:{key}"
    try:
        entry = api_sends.find_repeated(
            request.workspace, business_key=business_key, digest=digest
        )
        if entry is None:
            entry = _send(request, api_bodies.read(told), business_key, digest)
    except KeyReused:
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key stands for another request.",
        ) from None
    url = reverse("whatsapp-api:message", kwargs={"key": entry.key})
    promised = {
        "id": str(entry.key),
        "created_at": _moment(entry.created_at),
        "url": url,
    }
    return answers.answer(promised, status=202, headers={"Location": url})


@in_workspace(Scope.MESSAGES_SEND, *READS)
def message(request: ApiWorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    found = sends.find_entries(request.workspace, keys=[key])
    if not found:
        raise answers.not_found()
    return answers.answer(_told(found[0]))


def _body(request: ApiWorkspaceRequest) -> bytes:
    """No more of it than is read anyway."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > api_bodies.LARGEST_BODY:
        return b" " * (api_bodies.LARGEST_BODY + 1)
    return bytes(request.read(api_bodies.LARGEST_BODY + 1))


def _send(
    request: ApiWorkspaceRequest, asked: Asked, business_key: str, digest: str
) -> OutboxEntry:
    now = timezone.now()
    bearer = request.bearer
    user = bearer.user if isinstance(bearer, Person) else None
    try:
        entry = api_sends.send(
            request.workspace,
            asked,
            business_key=business_key,
            digest=digest,
            now=now,
            author_id=user.pk if user else None,
        )
    except Unfilled as refused:
        raise unprocessable(
            refused.field, "template_incomplete", refused.told
        ) from None
    except ReplyRefused as refused:
        raise _refusal(asked, refused) from None
    label = "" if isinstance(bearer, Person) else f"token {bearer.token.name}"
    audit.record(
        workspace=request.workspace,
        action="send.requested",
        actor=user,
        actor_label=label,
        target=str(entry.key),
        ip=client_ip(request),
        now=now,
    )
    return entry


def _refusal(asked: Asked, refused: ReplyRefused) -> Problem:
    """In the caller's names: what it wrote, and what is wrong with that."""
    recipient = "to" if asked.to else "conversation"
    field = {
        "text": asked.content_field,
        "caption": "media.caption",
        "file": "media",
        "person": recipient,
        "conversation": "conversation",
        "number": "channel",
    }.get(refused.field, refused.field)
    if refused.reason in ("file_type", "file_too_large"):
        name = "mime_type" if refused.reason == "file_type" else "size"
        field = f"media.{name}"
    sentence = _SENTENCES.get(refused.reason) or send_reasons.in_full(
        send_reasons.refusal("", refused.reason, most=refused.most)
    )
    if refused.code:
        sentence = f"{sentence} (code {refused.code})"
    return unprocessable(field, refused.reason, sentence)


def _system(request: ApiWorkspaceRequest) -> str:
    """Whose keys these are: systems do not know each other's."""
    bearer = request.bearer
    if isinstance(bearer, Person):
        return f"u{bearer.user.pk}"
    return f"t{bearer.token.pk}"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _told(entry: OutboxEntry) -> dict[str, Any]:
    thread = entry.message.conversation
    why = send_reasons.why(
        entry.channel.provider, entry.reason, shown=entry.shown, said=entry.detail
    )
    statuses = (
        StatusEvent.objects.for_workspace(entry.workspace_id)
        .filter(message=entry.message_id)
        .order_by("provider_at", "pk")[:100]
    )
    return {
        "id": str(entry.key),
        "state": entry.shown,
        "type": entry.message.kind,
        "channel": str(entry.channel.key),
        "conversation": str(thread.key) if thread else None,
        "template": entry.template or None,
        "provider_id": entry.message.external_id,
        "attempts": entry.attempts,
        "created_at": _moment(entry.created_at),
        "submitted_at": _moment(entry.submitted_at),
        "reason": {"code": why.code, "detail": why.sentence, "advice": why.advice}
        if why
        else None,
        "statuses": [
            {
                "status": one.status,
                "at": _moment(one.provider_at),
                "code": one.error_code or None,
            }
            for one in statuses
        ],
    }
