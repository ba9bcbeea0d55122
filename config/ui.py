"""Template tags, filters and context of every page; registered in TEMPLATES."""

import time
import uuid
from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import (
    get_language,
    gettext,
    gettext_lazy,
    ngettext,
    pgettext_lazy,
)

from accounts import http, page_tags, permissions, settings_pages
from config import moments, page_alerts
from integrations import durations, words
from integrations.providers.base.types import MessageKind
from integrations.views import alerts
from tickets.history import status_level
from whatsapp import media_words, outcome_words, phones
from whatsapp.selectors.people import Person

register = template.Library()
register.filter("ticket_level", status_level)
register.filter(moments.iso)
register.filter(moments.iso_day)
register.filter(moments.clock)
register.filter(moments.list_time)
register.filter(moments.day_name)
register.filter(moments.service_window)
register.filter(moments.span)
register.filter(moments.wait)
register.filter(moments.between)
register.filter(moments.time_since)
register.filter(moments.exact)
register.filter(moments.seconds)
register.filter(page_tags.as_control)
register.filter("shown_alerts", alerts.shown_of)
register.filter(media_words.file_type)
register.filter(media_words.media_sentence)
register.simple_tag(page_tags.came_from, takes_context=True)
register.simple_tag(page_tags.section, takes_context=True)

# What became of a message: the word, and the icon that stands beside it, never alone.
_STATUSES = {
    "pending": (gettext_lazy("Queued"), "clock"),
    "accepted": (gettext_lazy("Accepted"), "clock"),
    "queued": (gettext_lazy("Queued"), "clock"),
    "sending": (gettext_lazy("Sending"), "clock"),
    "sent": (pgettext_lazy("delivery status", "Sent"), "tick"),
    "delivered": (gettext_lazy("Delivered"), "ticks"),
    "read": (gettext_lazy("Read"), "ticks"),
    "played": (gettext_lazy("Played"), "ticks"),
    "failed": (gettext_lazy("Failed"), "cross"),
    "unconfirmed": (gettext_lazy("Unconfirmed"), "question"),
}
_KINDS = {
    MessageKind.TEXT: gettext_lazy("Text"),
    MessageKind.IMAGE: gettext_lazy("Image"),
    MessageKind.VIDEO: gettext_lazy("Video"),
    MessageKind.AUDIO: gettext_lazy("Audio"),
    MessageKind.VOICE: gettext_lazy("Voice message"),
    MessageKind.DOCUMENT: gettext_lazy("Document"),
    MessageKind.STICKER: gettext_lazy("Sticker"),
    MessageKind.LOCATION: gettext_lazy("Location"),
    MessageKind.CONTACTS: gettext_lazy("Contact card"),
    MessageKind.BUTTON_REPLY: gettext_lazy("Button tapped"),
    MessageKind.LIST_REPLY: gettext_lazy("Option chosen"),
    MessageKind.FLOW_REPLY: gettext_lazy("Form answered"),
    MessageKind.REACTION: gettext_lazy("Reaction"),
    MessageKind.ORDER: pgettext_lazy("shopping", "Order"),
    MessageKind.SYSTEM: gettext_lazy("Notice from WhatsApp"),
    MessageKind.EDIT: gettext_lazy("Edited message"),
    MessageKind.REVOKE: gettext_lazy("Deleted message"),
    MessageKind.WELCOME_REQUEST: gettext_lazy("Opened the conversation"),
    MessageKind.CALL_PERMISSION: gettext_lazy("Answer to a call request"),
    MessageKind.INTERACTIVE: gettext_lazy("Interactive message"),
    MessageKind.TEMPLATE: gettext_lazy("Template"),
    MessageKind.MEDIA_PLACEHOLDER: gettext_lazy("File from before the connection"),
    MessageKind.UNSUPPORTED: gettext_lazy("Message of an unknown type"),
}
_CHANNEL_LEVELS = {
    "new": "quiet",
    "connected": "good",
    "degraded": "warning",
    "disconnected": "bad",
}


def context(request: HttpRequest) -> dict[str, Any]:
    """What the app shell shows: the workspace, what this person may do in it, and its
    numbers that are down."""
    return {
        **page_alerts.of(request),
        "workspace": getattr(request, "workspace", None),
        "membership": getattr(request, "membership", None),
        "memberships": getattr(request, "memberships", ()),
        "has_sandbox": settings.SANDBOX_ENABLED,
    }


# Components that also read the zone, and those that read the clock, by the minute.
_ZONED = {"message_bubble", "conversation_row"}
_TIMED = {"conversation_row"}


@register.simple_tag
def component(which: str, **values: Hashable) -> SafeString:
    """A component that shows its values and nothing else, but for the two lists above.

    It is rendered once for each set of values, because pages repeat the same few hundreds
    of times and polls and people come back to the same rows; a component that also depends
    on who looks or where it stands is included.
    """
    zone = timezone.get_current_timezone_name() if which in _ZONED else ""
    minute = int(time.time() // 60) if which in _TIMED else 0
    return _rendered(which, get_language(), zone, minute, **values)


# By type too: a text that is safe is written as it is, an equal one that is not is escaped.
@lru_cache(maxsize=4096, typed=True)
def _rendered(
    which: str, language: str | None, zone: str, minute: int, **values: Hashable
) -> SafeString:
    return render_to_string(f"components/{which}.html", values)


def forget_rendered() -> None:
    """Render every component anew."""
    _rendered.cache_clear()


@register.filter(name="is")
def is_same(one: object, other: object) -> bool:
    """Whether both are written alike: for a component's value, where no `if` can stand."""
    return str(one) == str(other)


@register.simple_tag(takes_context=True)
def can(context: template.Context, action: str) -> bool:
    membership = context.get("membership")
    return membership is not None and permissions.may(
        membership.role, permissions.Action(action)
    )


@register.filter
def lasted(length: timedelta) -> str:
    """How long something went on, written out: `2 hours and 5 minutes`."""
    return durations.full(length)


register.filter("failure_word", words.failure)
register.filter("limit_word", words.limit)


register.filter("outcome", outcome_words.of)


@register.filter
def operation_word(name: str) -> str:
    return str(words.operation(name))


@register.filter
def since_then(end: datetime, begin: datetime) -> str:
    """How long it was from `begin` to `end`, written out."""
    return durations.full(end - begin)


@register.simple_tag(takes_context=True)
def settings_menu(context: template.Context) -> list[settings_pages.SettingsPage]:
    """The pages of the settings that this person may open."""
    membership = context.get("membership")
    return settings_pages.list_pages(membership.role) if membership else []


@register.simple_tag(takes_context=True)
def back_query(context: template.Context) -> str:
    """`?…` with the filters of the list this page was opened from, or nothing."""
    query = http.list_query(context["request"])
    return f"?{query}" if query else ""


@register.simple_tag(takes_context=True)
def carry_query(context: template.Context) -> str:
    """What a link between the pages of one row carries along for the way back."""
    return http.carried_query(context["request"])


@register.filter
def phone(number: str) -> str:
    """`5511987654321` as `+55 11 98765-4321`."""
    return phones.display(number) if number else ""


@register.filter
def breakable(email: str) -> str:
    """In a heading on a phone a line ends behind its @ rather than in the middle of a name."""
    who, at, where = email.rpartition("@")
    return format_html("{}{}<wbr>{}", who, at, where) if at else email


@register.filter
def person_name(person: Person) -> str:
    return (
        person.name or phone(person.phone) or person.alias or gettext("Unknown person")
    )


@register.filter
def shortened(text: str, most: int) -> str:
    """As `truncatechars`, which is slow to find that there is nothing to do."""
    return text if len(text) <= most else Truncator(text).chars(most)


@register.filter
def messages_word(count: int) -> str:
    return ngettext("message", "messages", count)


@register.filter
def conversation_url(key: uuid.UUID, slug: str) -> str:
    """As `url` writes it; lists ask for dozens, and a workspace's differ in the key alone."""
    return _conversation_url(slug).replace(str(_ANY_KEY), str(key))


_ANY_KEY = uuid.UUID(int=0)


@lru_cache
def _conversation_url(slug: str) -> str:
    values = {"workspace_slug": slug, "key": _ANY_KEY}
    return reverse("whatsapp:conversation-detail", kwargs=values)


@register.filter
def initial(person: Person) -> str:
    """The letter of an avatar; a number has none."""
    return next((char.upper() for char in person.name if char.isalpha()), "")


@register.filter
def kind_word(kind: str) -> str:
    return str(_KINDS[MessageKind(kind)]) if kind in _KINDS else kind


@register.filter
def status_word(status: str) -> str:
    return str(_STATUSES[status][0]) if status in _STATUSES else status


@register.filter
def status_icon(status: str) -> str:
    return _STATUSES[status][1] if status in _STATUSES else "question"


@register.filter
def channel_level(state: str) -> str:
    """How a number's state is coloured, beside its word."""
    return _CHANNEL_LEVELS.get(state, "quiet")


@register.filter
def capped(count: int) -> str:
    """A count that stopped at 100 as `99+`."""
    return str(count) if count < 100 else "99+"
