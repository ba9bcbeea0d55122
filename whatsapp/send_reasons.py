"""Why a message of ours is not sent, waits, or may have arrived: for people, in one place.

Composer, thread, sends page and API ask here, before a send with what refuses it, after it
with an outbox entry's `reason` or a message's `error_code`; a sentence suits either moment.
What room 2 itself decides stands here; what providers say, in `integrations.explanations`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext

from integrations import explanations
from integrations.explanations import Explanation
from integrations.providers.base.catalogue import (
    Entry,
    ErrorClass,
    NextAction,
    entry,
)
from integrations.providers.base.texts import gettext_noop as _
from whatsapp.models import Shown
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.outbox_results import GAVE_UP, MOST_ATTEMPTS

# What a page offers beside the sentence.
TEMPLATE: Final = "template"
NUMBER: Final = "number"
_WAYS: Final[Mapping[NextAction, str]] = {
    NextAction.SEND_TEMPLATE: TEMPLATE,
    NextAction.SYNC_TEMPLATES: TEMPLATE,
    NextAction.RECONNECT: NUMBER,
    NextAction.CHECK_PROVIDER: NUMBER,
}
_RECONNECT_FIRST: Final = _("Connect the number again; then send the message again.")
_MAYBE: Final = ErrorClass.UNKNOWN

OURS: Final[Mapping[str, Entry]] = {
    Refusal.NUMBER_GONE: entry(
        ErrorClass.RECONNECT,
        _("This number is not connected any more, so nothing can be sent from it."),
        advice=_RECONNECT_FIRST,
    ),
    Refusal.NUMBER_DISCONNECTED: entry(
        ErrorClass.RECONNECT,
        _("This number is disconnected, so nothing can be sent from it."),
        advice=_RECONNECT_FIRST,
    ),
    Refusal.CANNOT_SEND: entry(
        ErrorClass.FAIL,
        _("This number's provider receives messages and cannot send any."),
        NextAction.NONE,
        advice=_("Answer from a number of another provider."),
    ),
    Refusal.NOTHING_TO_SEND: entry(
        ErrorClass.FAIL,
        _("There is nothing to send."),
        advice=_("Write a message first."),
    ),
    Refusal.WINDOW_CLOSED: entry(
        ErrorClass.FAIL,
        _("24 hours have passed since the person last wrote."),
        NextAction.SEND_TEMPLATE,
        advice=_(
            "WhatsApp lets you write freely again when they answer; until then, send a "
            "template."
        ),
    ),
    Refusal.TEMPLATE_UNKNOWN: entry(
        ErrorClass.FAIL,
        _("This template is not there any more."),
        NextAction.SYNC_TEMPLATES,
    ),
    Refusal.TEMPLATE_NOT_APPROVED: entry(
        ErrorClass.FAIL,
        _("WhatsApp has not approved this template, or has paused it."),
        NextAction.SYNC_TEMPLATES,
    ),
    Refusal.TEMPLATE_INCOMPLETE: entry(
        ErrorClass.FAIL,
        _("The fields do not fit what the template asks for."),
        advice=_("Fill in every field of the template."),
    ),
    Refusal.OPTED_OUT: entry(
        ErrorClass.FAIL,
        _("This person asked not to be written to."),
        NextAction.NONE,
        advice=_(
            "Wait until they write: within 24 hours of that you can answer. If they want "
            "your messages again, note it on the lead's page."
        ),
    ),
    # Of the composer alone: nothing was promised.
    "number_paused": entry(
        ErrorClass.RECONNECT,
        _("Sending from this number is paused. Nothing was sent."),
        advice=_("Let the number send again, then send the message."),
    ),
    "recipient_missing": entry(
        ErrorClass.FAIL,
        _("Nothing is known of this person by which WhatsApp could reach them."),
        NextAction.CHECK_NUMBER,
    ),
    "another_is_open": entry(
        ErrorClass.FAIL,
        _("There is a newer open conversation with this person."),
        NextAction.NONE,
        advice=_("Answer there."),
    ),
    "draft_used": entry(
        ErrorClass.FAIL,
        _("This form was sent already, with another text."),
        advice=_("If you want to send this one too, send it again."),
    ),
    "target_gone": entry(
        ErrorClass.FAIL,
        _("The message that you answer to cannot be quoted."),
        advice=_("Send yours without it."),
    ),
    "text_missing": entry(
        ErrorClass.FAIL,
        _("There is no text in it."),
        advice=_("Write a message first."),
    ),
    # Of the outbox: what became of a promise.
    "broken": entry(
        ErrorClass.FAIL,
        _("Recado could not read its own note of this message, so it was not sent."),
        advice=_("Write the message anew."),
    ),
    "dropped": entry(
        ErrorClass.FAIL,
        _("Somebody of your team dropped it."),
        NextAction.SEND_AGAIN,
    ),
    "sent_again": entry(
        ErrorClass.FAIL,
        _("Somebody of your team sent it again; the newer one counts."),
        NextAction.NONE,
        advice=_("Look at the newer message in the conversation."),
    ),
    "paused": entry(
        ErrorClass.RETRY,
        _("Sending from this number is paused, so it waits."),
        NextAction.RECONNECT,
        advice=_("Let the number send again, and the message goes out by itself."),
    ),
    "credentials_unreadable": entry(
        ErrorClass.RECONNECT,
        _("Recado cannot open the credentials of this number, so it waits."),
        advice=_(
            "Let whoever runs Recado check the vault key, or replace the credentials of "
            "the number."
        ),
    ),
    "worker_gone": entry(
        _MAYBE,
        _(
            "Recado was stopped in the middle of sending. The message may have been sent."
        ),
    ),
    "restored": entry(
        _MAYBE,
        _(
            "The database was restored from a copy that is older than this send. The "
            "message may have been sent."
        ),
    ),
    "no_id": entry(
        _MAYBE,
        _(
            "The provider took the message and gave it no number. It may have been sent."
        ),
    ),
    "fault": entry(
        _MAYBE,
        _("Recado made a mistake while sending. The message may have been sent."),
        advice=_(
            "If the person has not got it, send it again, and tell whoever runs Recado."
        ),
    ),
    GAVE_UP: entry(
        ErrorClass.FAIL,
        _("Recado tried %(times)s times and gave up."),
        NextAction.SEND_AGAIN,
    ),
}


def explain(
    provider: str, reason: str, *, said: str = "", is_uncertain: bool = False
) -> Explanation:
    """What a reason means and what to do next, in the reader's language.

    `reason` is an outbox entry's, or a message's error code; `said` are the provider's own
    words; `is_uncertain` as for `explanations.explain`.
    """
    word, _found, code = reason.partition(":")
    ours = OURS.get(word)
    if ours is None or (is_uncertain and ours.kind is not _MAYBE):
        return explanations.explain(
            provider, reason, said=said, is_uncertain=is_uncertain
        )
    sentence = gettext(ours.sentence)
    if word == GAVE_UP:
        told = explanations.explain(provider, code)
        sentence = f"{sentence % {'times': MOST_ATTEMPTS}} {told.sentence}"
    return Explanation(
        code=code if word == GAVE_UP else reason,
        kind=ours.kind,
        sentence=sentence,
        action=ours.action,
        advice=gettext(ours.advice),
        link=ours.link,
        said=said,
    )


def why(
    provider: str, reason: str, *, shown: str = "", said: str = ""
) -> Explanation | None:
    """Of a send that is shown so; None where there is nothing to explain."""
    if not reason:
        return None
    is_uncertain = shown == Shown.UNCONFIRMED
    return explain(provider, reason, said=said, is_uncertain=is_uncertain)


def refusal(
    provider: str, reason: str, *, code: str = "", most: int | None = None
) -> Explanation:
    """Why an answer was not even promised. `most` is how long a text may be, `code` what the
    last message to this person met."""
    told = explain(provider, reason)
    if reason == "text_too_long" and most is not None:
        sentence = gettext("The text is longer than %(most)s characters.")
        told = replace(
            told, sentence=sentence % {"most": most}, advice=gettext("Shorten it.")
        )
    if reason == "out_of_reach":
        sentence = gettext("The last message did not reach them: %(why)s")
        last = explanations.explain(provider, code).sentence
        advice = gettext("Send that one again to see whether it does now.")
        told = replace(told, sentence=sentence % {"why": last}, advice=advice)
    return told


def in_full(told: Explanation) -> str:
    """The sentence and what to do, where there is one line for both."""
    return f"{told.sentence} {told.advice}".rstrip()


def way_on(told: Explanation) -> str:
    """TEMPLATE or NUMBER, where a page may lead there."""
    return _WAYS.get(told.action, "")
