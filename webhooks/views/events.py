"""What a stored request tells, parsed again, beside what became of each event."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from integrations import exhibit, gateway
from integrations.providers.base.errors import Unreadable
from integrations.providers.base.types import (
    AccountEvent,
    ContactEvent,
    Event,
    Ignored,
    MessageEvent,
    NumberRef,
    Party,
    PreferenceEvent,
    StatusEvent,
    TemplateEvent,
    Unrecognized,
)
from webhooks import words
from webhooks.inbox_pages import Scope
from webhooks.models import RawWebhook
from whatsapp.models import Message
from whatsapp.selectors import arrivals

logger = logging.getLogger(__name__)

MOST_EVENTS = 100
LARGEST_BODY = 2 * 1024 * 1024
# A body whose work ended this often without a word is not opened for a page.
_SUSPICIOUS = 2
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a line of the page. `word` is the kind or state by its own name."""

    what: str
    word: str = ""
    number: str = ""
    person: str = ""
    text: str = ""
    at: datetime | None = None
    became: str = ""
    url: str = ""
    is_message: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The events, or why there are none to show."""

    events: list[Told] = field(default_factory=list)
    left_out: int = 0
    problem: str = ""
    reason: str = ""


def read(scope: Scope, row: RawWebhook, *, shows_people: bool) -> Reading:
    if row.attempts - row.errors > _SUSPICIOUS or len(row.body) > LARGEST_BODY:
        return Reading(
            problem=_(
                "This body is large or has stopped work before: it is not opened here."
            )
        )
    try:
        events = gateway.parse(row.provider, bytes(row.body), row.headers)
    except Unreadable as error:
        return Reading(problem=_("Nobody can read this body."), reason=str(error))
    except Exception as error:  # noqa: BLE001  # whatever one body does, its page is shown
        name = type(error).__name__
        logger.warning(
            "webhook not readable for its page",
            extra={"raw_webhook_id": row.pk, "error": name},
        )
        return Reading(problem=_("Reading this body ended with an error."), reason=name)
    shown = events[:MOST_EVENTS]
    messages = _messages(scope, shown)
    return Reading(
        [_told(one, row, scope, messages, shows_people=shows_people) for one in shown],
        left_out=len(events) - len(shown),
    )


def _messages(scope: Scope, events: list[Event]) -> dict[str, Message]:
    names = {
        one.external_id
        for one in events
        if isinstance(one, MessageEvent | StatusEvent) and _is_storable(one.external_id)
    }
    if scope is None or not names:
        return {}
    found = arrivals.list_messages_named(scope, names)
    return {one.external_id: one for one in found if one.external_id}


def _is_storable(name: str) -> bool:
    """What the database would refuse cannot be in it."""
    return bool(name) and "\0" not in name and name.isprintable()


def _told(
    event: Event,
    row: RawWebhook,
    scope: Scope,
    messages: dict[str, Message],
    *,
    shows_people: bool,
) -> Told:
    what = words.event_kind(event)
    if isinstance(event, Ignored):
        return Told(what, _clean(event.kind))
    if isinstance(event, Unrecognized):
        return Told(what, text=_clean(event.reason), number=_number(event.number))
    number = _number(event.number)
    if isinstance(event, AccountEvent):
        return Told(what, _clean(event.kind), number, text=_clean(event.detail))
    if isinstance(event, TemplateEvent):
        text = " · ".join(filter(None, (event.name, event.language, event.reason)))
        word = event.word or event.news
        return Told(what, _clean(word), number, text=_clean(text), at=event.provider_at)
    if isinstance(event, ContactEvent):
        return Told(what, "", number, _person(event.peer, shows_people=shows_people))
    if isinstance(event, PreferenceEvent):
        return Told(
            what,
            _("campaigns again") if event.wants_marketing else _("no campaigns"),
            number,
            _person(event.peer, shows_people=shows_people),
            at=event.provider_at,
        )
    message = messages.get(event.external_id)
    url = _conversation(scope, message)
    if isinstance(event, StatusEvent):
        became = _("Its message is here") if message else ""
        return Told(
            what, event.status, number, at=event.provider_at, became=became, url=url
        )
    return Told(
        what,
        event.kind,
        number,
        _person(event.peer, shows_people=shows_people),
        exhibit.person(event.text[:_LONGEST_TEXT], shows_people=shows_people),
        event.provider_at,
        _became(message, row),
        url,
        is_message=True,
    )


def _became(message: Message | None, row: RawWebhook) -> str:
    if message is None:
        return _("Not stored")
    if message.raw_webhook_id == row.pk:
        return _("Stored by this request")
    return _("Stored by another request")


def _conversation(scope: Scope, message: Message | None) -> str:
    if scope is None or message is None or message.conversation is None:
        return ""
    return reverse(
        "whatsapp:conversation-detail",
        kwargs={"workspace_slug": scope.slug, "key": message.conversation.key},
    )


def _person(party: Party, *, shows_people: bool) -> str:
    names = (party.name, party.wa_id or party.bsuid or party.lid)
    shown = [exhibit.person(one, shows_people=shows_people) for one in names]
    return " · ".join(one for one in shown if one)


def _number(number: NumberRef | None) -> str:
    """One of ours, so it may be named."""
    return _clean(number.phone or number.external_id) if number else ""


def _clean(text: str | None) -> str:
    return exhibit.person((text or "")[:_LONGEST_TEXT], shows_people=True)
