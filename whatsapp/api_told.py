"""Rows of room 2 as other systems read them: the shapes of `api_shapes`, filled. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.api import cursors
from accounts.models import User
from integrations.models import Channel
from whatsapp import send_reasons, windows
from whatsapp.api_shapes import TOUCH
from whatsapp.models import (
    Attribution,
    Conversation,
    OutboxEntry,
    StatusEvent,
    Touch,
)
from whatsapp.selectors.exchange import ConversationView, MessageView, has_window
from whatsapp.selectors.leads import LeadRow
from whatsapp.selectors.people import Person
from whatsapp.selectors.profile import Profile
from whatsapp.selectors.sends import SendRow

Told = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def phone(digits: str) -> str | None:
    """In E.164."""
    return f"+{digits.removeprefix('+')}" if digits else None


def member(user: User | None) -> Told | None:
    return {"name": user.name, "email": user.email} if user else None


def channel(row: Channel) -> Told:
    return {
        "id": str(row.key),
        "name": row.display_name,
        "phone": phone(row.phone),
    }


def window(heard_at: datetime | None, *, of: Channel, now: datetime) -> Told:
    if not has_window(of):
        return {"is_open": True, "until": None}
    found = windows.window_of(heard_at, now=now)
    is_open = found.state != "closed"
    return {"is_open": is_open, "until": moment(found.ends_at) if is_open else None}


# --- people -----------------------------------------------------------------------
def lead(row: LeadRow) -> Told:
    return {
        "id": str(row.key),
        "name": row.person.name,
        "phone": phone(row.person.phone),
        "alias": row.person.alias or None,
        "email": row.email or None,
        "stage": row.stage or None,
        "origin": {
            "kind": row.origin.kind,
            "name": row.origin.name or None,
            "confidence": row.origin.confidence,
        },
        "created_at": moment(row.created_at),
    }


def attribution(verdict: Attribution | None) -> Told | None:
    """Why we say that somebody came from there."""
    if verdict is None:
        return None
    return {
        "rule": str(verdict.rule),
        "confidence": str(verdict.confidence),
        "decided_at": moment(verdict.decided_at),
        "touch": _touch(verdict.touch) if verdict.touch else None,
    }


def _touch(touch: Touch) -> Told:
    told = {
        "kind": str(touch.kind),
        "at": moment(touch.occurred_at),
        "link": touch.link.slug if touch.link else None,
    }
    return told | {
        name: getattr(touch, name) or None for name in TOUCH.fields if name not in told
    }


def profile(found: Profile, *, now: datetime) -> Told:
    """Who somebody is on WhatsApp."""
    talks = [_talk(one, found.conversations, now=now) for one in found.conversations]
    ends = [one["window"]["until"] for one in talks if one["window"]["until"]]
    return {
        "lead": str(found.lead.key),
        "name": found.person.name,
        "phone": phone(found.person.phone),
        "last_seen_at": moment(found.last_seen_at),
        "window": {
            "is_open": any(one["window"]["is_open"] for one in talks),
            "until": max(ends, default=None),
        },
        "opted_out": [
            {
                "scope": one.scope,
                "channel": one.channel or None,
                "since": moment(one.told_at),
            }
            for one in found.refusals
        ],
        "conversations": talks,
    }


def identities(found: Profile) -> list[Told]:
    return [
        {
            "kind": one.kind,
            "value": one.value,
            "first_seen_at": moment(one.first_seen_at),
            "last_seen_at": moment(one.last_seen_at),
        }
        for one in found.identities
    ]


def _talk(row: Conversation, others: Sequence[Conversation], *, now: datetime) -> Told:
    """The window is the number's: an earlier conversation on it opened it too."""
    heard = [
        one.last_inbound_at
        for one in others
        if one.channel_id == row.channel_id and one.last_inbound_at
    ]
    return {
        "id": str(row.key),
        "channel": channel(row.channel),
        "state": row.state,
        "last_message_at": moment(row.last_message_at),
        "last_inbound_at": moment(row.last_inbound_at),
        "message_count": row.message_count,
        "unread_count": row.unread_count,
        "window": window(max(heard, default=None), of=row.channel, now=now),
    }


# --- conversations ----------------------------------------------------------------
def conversation(view: ConversationView, *, now: datetime) -> Told:
    row = view.conversation
    return {
        "id": str(row.key),
        "state": row.state,
        "channel": channel(row.channel),
        "lead": _person(str(row.lead.key), view.person),
        "assignee": member(row.assignee),
        "last_message_at": moment(row.last_message_at),
        "last_inbound_at": moment(row.last_inbound_at),
        "last_direction": row.last_direction or None,
        "preview": row.preview,
        "message_count": row.message_count,
        "unread_count": row.unread_count,
        "window": window(row.last_inbound_at, of=row.channel, now=now),
        "created_at": moment(row.created_at),
    }


def _person(key: str, person: Person) -> Told:
    return {
        "id": key,
        "name": person.name,
        "phone": phone(person.phone),
        "alias": person.alias or None,
    }


def message(view: MessageView) -> Told:
    row = view.message
    entry = getattr(row, "outbox_entry", None)
    return {
        "id": cursors.seal(f"message {row.workspace_id}", str(row.pk)),
        "direction": row.direction,
        "type": row.kind,
        "text": row.text,
        "origin": row.origin,
        "status": row.status or None,
        "status_at": moment(row.status_at),
        "error": row.error_code or None,
        "provider_id": row.external_id,
        "about": row.target_id,
        "author": member(row.author),
        "send": str(entry.key) if entry else None,
        "files": [
            {
                "id": str(one.key),
                "type": one.kind,
                "mime_type": one.mime_sniffed or one.mime_told or None,
                "filename": one.filename or None,
                "size": one.size,
                "state": one.state,
            }
            for one in view.files
        ],
        "sent_at": moment(row.provider_at),
        "received_at": moment(row.received_at),
    }


# --- sends ------------------------------------------------------------------------
def send_row(row: SendRow) -> Told:
    return {
        "id": str(row.key),
        "state": row.shown,
        "type": row.kind,
        "to": _number(row.peer_key),
        "channel": str(row.channel_key),
        "conversation": str(row.conversation_key) if row.conversation_key else None,
        "template": row.template or None,
        "provider_id": row.external_id,
        "attempts": row.attempts,
        "created_at": moment(row.created_at),
        "submitted_at": moment(row.submitted_at),
        "reason": _reason(row.provider, row.reason, row.shown, row.detail),
    }


def send(entry: OutboxEntry, statuses: Sequence[StatusEvent]) -> Told:
    thread = entry.message.conversation
    return {
        "id": str(entry.key),
        "state": entry.shown,
        "type": entry.message.kind,
        "to": _number(entry.peer_key),
        "channel": str(entry.channel.key),
        "conversation": str(thread.key) if thread else None,
        "template": entry.template or None,
        "provider_id": entry.message.external_id,
        "attempts": entry.attempts,
        "created_at": moment(entry.created_at),
        "submitted_at": moment(entry.submitted_at),
        "reason": _reason(
            entry.channel.provider, entry.reason, entry.shown, entry.detail
        ),
        "statuses": [
            {
                "status": one.status,
                "at": moment(one.provider_at),
                "code": one.error_code or None,
            }
            for one in statuses
        ],
    }


def _number(peer_key: str) -> str | None:
    """None of those who are known by another id than a number."""
    family, _, digits = peer_key.partition(":")
    return phone(digits) if family == "p" else None


def _reason(provider: str, reason: str, shown: str, said: str) -> Told | None:
    why = send_reasons.why(provider, reason, shown=shown, said=said)
    if why is None:
        return None
    return {
        "code": str(why.code),
        "detail": str(why.sentence),
        "advice": str(why.advice),
    }
