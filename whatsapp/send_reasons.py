"""Why a message of ours is not sent, waits, or may have arrived: for people, in one place.

Pages and the API ask here with an outbox entry's `reason` or a message's `error_code`.
What room 2 itself decides stands here; what providers say, in `integrations.explanations`.
"""

from collections.abc import Mapping
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
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.outbox_results import GAVE_UP, MOST_ATTEMPTS

_RECONNECT_FIRST: Final = _("Connect the number again; then send the message again.")
_MAYBE: Final = ErrorClass.UNKNOWN

OURS: Final[Mapping[str, Entry]] = {
    Refusal.NUMBER_GONE: entry(
        ErrorClass.RECONNECT,
        _("The number is not connected any more, so the message was not sent."),
        advice=_RECONNECT_FIRST,
    ),
    Refusal.NUMBER_DISCONNECTED: entry(
        ErrorClass.RECONNECT,
        _("The number was disconnected, so the message was not sent."),
        advice=_RECONNECT_FIRST,
    ),
    Refusal.CANNOT_SEND: entry(
        ErrorClass.FAIL,
        _("Recado can only receive through this number's provider."),
        NextAction.NONE,
        advice=_("Answer from a number of another provider."),
    ),
    Refusal.NOTHING_TO_SEND: entry(
        ErrorClass.FAIL, _("There is no text in it, so nothing was sent.")
    ),
    Refusal.WINDOW_CLOSED: entry(
        ErrorClass.FAIL,
        _(
            "More than 24 hours have passed since the person's last message, so WhatsApp "
            "takes only templates."
        ),
        NextAction.SEND_TEMPLATE,
    ),
    Refusal.TEMPLATE_UNKNOWN: entry(
        ErrorClass.FAIL,
        _("There is no such template in this language any more."),
        NextAction.SYNC_TEMPLATES,
    ),
    Refusal.TEMPLATE_NOT_APPROVED: entry(
        ErrorClass.FAIL,
        _("WhatsApp has not approved this template, or has paused it."),
        NextAction.SYNC_TEMPLATES,
    ),
    Refusal.TEMPLATE_INCOMPLETE: entry(
        ErrorClass.FAIL,
        _("The template's fields do not fit what it asks for now."),
        advice=_("Choose the template again and fill in every field."),
    ),
    Refusal.OPTED_OUT: entry(
        ErrorClass.FAIL,
        _("This person asked not to be written to, so the message was not sent."),
        NextAction.NONE,
        advice=_(
            "Wait until they write: within 24 hours of that you can answer. If they want "
            "your messages again, note it on the lead's page."
        ),
    ),
    "broken": entry(
        ErrorClass.FAIL,
        _("Recado could not read its own note of this message, so it was not sent."),
        advice=_("Write the message anew."),
    ),
    "dropped": entry(
        ErrorClass.FAIL,
        _("Somebody of your team dropped this message."),
        NextAction.SEND_AGAIN,
    ),
    "sent_again": entry(
        ErrorClass.FAIL,
        _("Somebody of your team sent this message again; the newer one counts."),
        NextAction.NONE,
        advice=_("Look at the newer message in the conversation."),
    ),
    "paused": entry(
        ErrorClass.RETRY,
        _("The number is paused; the message waits."),
        NextAction.RECONNECT,
        advice=_("Let the number send again, and the message goes out by itself."),
    ),
    "credentials_unreadable": entry(
        ErrorClass.RECONNECT,
        _("Recado cannot open the credentials of this number."),
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
        code=reason,
        kind=ours.kind,
        sentence=sentence,
        action=ours.action,
        advice=gettext(ours.advice),
        link=ours.link,
        said=said,
    )
