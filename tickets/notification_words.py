"""What became of a notification and why, in words for people. Pure."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models import EventKind, NotificationPath
from whatsapp import send_words
from whatsapp.models import Shown

STATES: Final[dict[str, tuple[Promise | str, str]]] = {
    "held": (pgettext_lazy("notification", "Waiting for the morning"), "quiet"),
    "nobody": (pgettext_lazy("notification", "Not reached"), "bad"),
    "skipped": (pgettext_lazy("notification", "Not needed"), "quiet"),
    "gone": (pgettext_lazy("notification", "Message deleted"), "quiet"),
    **{one.value: (one.label, send_words.LEVELS[one]) for one in Shown},
}
# The events that a rule can be about, in the order of a ticket's life.
EVENTS: Final = (
    EventKind.CREATED,
    EventKind.COMMENTED,
    EventKind.WAITING,
    EventKind.RESOLVED,
    EventKind.CLOSED,
    EventKind.REOPENED,
    EventKind.ASSIGNED,
    EventKind.UPDATED,
    EventKind.REPLIED,
)
EVENT_WORDS: Final[dict[str, Promise]] = {
    EventKind.CREATED: _("The ticket is opened"),
    EventKind.COMMENTED: _("The team writes to the client"),
    EventKind.WAITING: _("The ticket waits for the client"),
    EventKind.RESOLVED: _("The ticket is resolved"),
    EventKind.CLOSED: _("The ticket is closed"),
    EventKind.REOPENED: _("The ticket is opened again"),
    EventKind.ASSIGNED: _("Somebody else takes it over"),
    EventKind.UPDATED: _("Something else of it changes"),
    EventKind.REPLIED: _("The client answers"),
}
_REASONS: Final[dict[str, Promise]] = {
    "told_before": _("The last thing they were told says the same."),
    "superseded": _("It was not so any more when the quiet hours ended."),
    "quiet_hours": _("Quiet hours: it goes out when they end."),
    "no_phone": _("No phone number is known of this client."),
    "not_a_phone_number": _("What stands as their phone is no phone number."),
    "no_channel": _("No number of ours is connected."),
    "no_email": _("No e-mail address is known, or there is no mail server."),
    "no_text": _("The rule has neither a text nor a template for this."),
    "window_closed": _(
        "They have not written within 24 hours, and the rule has no template."
    ),
    "opted_out": _("They asked not to be written to."),
    "template_unknown": _("The number they are reached by does not have the template."),
    "template_not_approved": _("WhatsApp has not approved the template, or paused it."),
    "template_incomplete": _("A field of the template would stay empty."),
    "number_gone": _("The number they are reached by is not connected any more."),
    "number_disconnected": _("The number they are reached by is disconnected."),
    "number_paused": _("Sending from the number they are reached by is paused."),
    "cannot_send": _("The number they are reached by can only receive."),
    "recipient_missing": _("Nothing is known by which WhatsApp could reach them."),
    "out_of_reach": _("The last message did not reach their number."),
    "mail_server_away": _("The mail server did not answer."),
    "mail_server_sign_in": _("The mail server refused Recado's sign-in."),
    "address_refused": _("The mail server refused the address."),
    "mail_refused": _("The mail server refused the message."),
    "mail_unanswered": _("The line broke while it was sent. It may have arrived."),
    "mail_impossible": _("The address or the subject cannot be sent."),
    "mail_not_sent": _("The mail server took nothing."),
    "worker_gone": _("Recado was interrupted while sending it. It may have arrived."),
}
# Why a better way was not taken, of what did go out.
_DETOURS: Final[dict[str, Promise]] = {
    "window_closed": _("They have not written within 24 hours."),
    "quiet_hours": _("It waited for the end of the quiet hours."),
}


@dataclass(frozen=True, slots=True)
class State:
    word: str
    level: str


def state(name: str) -> State:
    word, level = STATES.get(name, (name, "quiet"))
    return State(str(word), level)


def path(name: str) -> str:
    known = name in NotificationPath.values
    return str(NotificationPath(name).label) if known else name


def event(name: str) -> str:
    return str(EVENT_WORDS.get(name, name))


def reason(name: str, *, provider: str = "", went_out: bool = False) -> str:
    """Empty where there is nothing to explain."""
    if not name:
        return ""
    if went_out and name in _DETOURS:
        return str(_DETOURS[name])
    if name in _REASONS:
        return str(_REASONS[name])
    told = send_words.why(provider, name)
    return told.sentence if told else name
