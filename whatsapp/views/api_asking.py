"""A system asks for a message: promised once under its key, with an entry in the audit log.

`POST /api/messages` names a number or a conversation; `POST /api/whatsapp/send`, of the room
above, a client. Both come through here, so that one key is one message whichever is asked.
"""

from datetime import datetime

from accounts import audit
from accounts.api import bearers, repeats, requests
from accounts.api.guards import ApiWorkspaceRequest
from accounts.http import client_ip
from whatsapp.api_bodies import Asked
from whatsapp.models import OutboxEntry
from whatsapp.services import api_sends
from whatsapp.services.api_sends import KeyReused


def find_promised(request: ApiWorkspaceRequest) -> OutboxEntry | None:
    """What this key promised before. Raises the Problem of a key that was reused."""
    try:
        return api_sends.find_repeated(
            request.workspace, business_key=_key(request), digest=request.digest
        )
    except KeyReused:
        raise requests.key_reused() from None


def promise(
    request: ApiWorkspaceRequest, asked: Asked, *, now: datetime
) -> OutboxEntry:
    """Raises ReplyRefused, template_filling.Unfilled, or the Problem of a reused key."""
    user = bearers.user_of(request.bearer)
    try:
        entry = api_sends.send(
            request.workspace,
            asked,
            business_key=_key(request),
            digest=request.digest,
            now=now,
            author_id=user.pk if user else None,
        )
    except KeyReused:
        raise requests.key_reused() from None
    audit.record(
        workspace=request.workspace,
        action="send.requested",
        actor=user,
        actor_label=bearers.label_of(request.bearer),
        target=str(entry.key),
        ip=client_ip(request),
        now=now,
    )
    return entry


def _key(request: ApiWorkspaceRequest) -> str:
    return f"api:{repeats.system_of(request.bearer)}:{request.repeat_key}"
