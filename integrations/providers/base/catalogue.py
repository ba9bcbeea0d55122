"""What a provider's error codes mean to people: a class, a sentence, what to do, a link.

Each provider's `catalogue.py` holds its own codes; those that are our own words, for what
happened on the way or before it, stand here. `integrations/explanations.py` reads both for
pages. Sentences are English message ids, marked by gettext_noop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.providers.base.texts import gettext_noop as _


class ErrorClass(StrEnum):
    """What follows by itself."""

    RETRY = "retry"  # tried again later, by us
    FAIL = "fail"  # this message will not arrive
    RECONNECT = "reconnect"  # nothing goes out before a person has looked at the keys
    STOP = "stop"  # nothing goes out before the provider's account is in order
    UNKNOWN = "unknown"  # it may have arrived


class NextAction(StrEnum):
    """What a page may offer."""

    NONE = "none"
    WAIT = "wait"
    SEND_AGAIN = "send_again"
    EDIT = "edit"  # change the message and send it
    SEND_TEMPLATE = "send_template"
    SYNC_TEMPLATES = "sync_templates"
    RECONNECT = "reconnect"
    OPT_OUT = "opt_out"  # and record that this person wants no more
    CHECK_NUMBER = "check_number"
    CHECK_PROVIDER = "check_provider"


@dataclass(frozen=True, slots=True)
class Entry:
    kind: ErrorClass
    sentence: str
    action: NextAction = NextAction.NONE
    advice: str = ""
    link: str = ""


# What people do next, in the same words wherever the same is to be done.
ADVICE: Final[Mapping[NextAction, str]] = {
    NextAction.NONE: "",
    NextAction.WAIT: _("There is nothing to do: Recado tries again by itself."),
    NextAction.SEND_AGAIN: _("Send it again."),
    NextAction.EDIT: _("Change the message and send it again."),
    NextAction.SEND_TEMPLATE: _(
        "Send an approved template; when the person answers, you can write freely again."
    ),
    NextAction.SYNC_TEMPLATES: _(
        "Update the list of templates and choose one that is approved."
    ),
    NextAction.RECONNECT: _("Open the number's page and connect it again."),
    NextAction.OPT_OUT: _(
        "Do not send this person any more campaigns; answering them stays possible."
    ),
    NextAction.CHECK_NUMBER: _(
        "Check the phone number, and reach the person in another way if you can."
    ),
    NextAction.CHECK_PROVIDER: _(
        "Sign in at the provider and put the account in order; then send again."
    ),
}


LOOK_FIRST: Final = _(
    "If the person has not got it, send it again; if in doubt, ask them first."
)


def entry(
    kind: ErrorClass,
    sentence: str,
    action: NextAction | None = None,
    *,
    advice: str = "",
    link: str = "",
) -> Entry:
    """An entry with the usual action of its class, and that action's usual words."""
    action = action or _USUAL[kind]
    usual = LOOK_FIRST if kind is ErrorClass.UNKNOWN else ADVICE[action]
    return Entry(kind, sentence, action, advice or usual, link)


_USUAL: Final = {
    ErrorClass.RETRY: NextAction.WAIT,
    ErrorClass.FAIL: NextAction.EDIT,
    ErrorClass.RECONNECT: NextAction.RECONNECT,
    ErrorClass.STOP: NextAction.CHECK_PROVIDER,
    ErrorClass.UNKNOWN: NextAction.SEND_AGAIN,
}

_NOT_REACHED: Final = _("The provider could not be reached; the message has not left.")
_CUT_OFF: Final = _(
    "The connection broke while the message was being handed over. It may have arrived."
)
_ODD_ANSWER: Final = _(
    "The provider's answer could not be understood. The message may have arrived."
)


# Words of http.py and sending.py for what happened on the way; of limits.py before it.
OURS: Final[Mapping[str, Entry]] = {
    **dict.fromkeys(
        (
            "dns_failed",
            "dns_timeout",
            "connect_failed",
            "connect_timeout",
            "tls_failed",
            "tls_timeout",
        ),
        entry(ErrorClass.RETRY, _NOT_REACHED),
    ),
    **dict.fromkeys(
        (
            "request_failed",
            "request_timeout",
            "answer_failed",
            "answer_timeout",
            "answer_truncated",
        ),
        entry(ErrorClass.UNKNOWN, _CUT_OFF),
    ),
    **dict.fromkeys(
        (
            "unreadable_answer",
            "answer_too_large",
            "no_message_id",
            "too_many_redirects",
            "bad_redirect",
        ),
        entry(ErrorClass.UNKNOWN, _ODD_ANSWER),
    ),
    "egress_denied": entry(
        ErrorClass.RECONNECT,
        _("The address of the provider is one that Recado may not call."),
        advice=_(
            "Correct the server address of the number, or let whoever runs Recado allow it."
        ),
    ),
    "malformed_request": entry(
        ErrorClass.FAIL, _("The message holds something that cannot be sent.")
    ),
    "unsupported": entry(
        ErrorClass.FAIL, _("This number's provider cannot send that kind of message.")
    ),
    "text_missing": entry(ErrorClass.FAIL, _("There is no text in it.")),
    "text_too_long": entry(ErrorClass.FAIL, _("The text is longer than allowed.")),
    "file_missing": entry(ErrorClass.FAIL, _("The file is missing.")),
    "storage_failed": entry(
        ErrorClass.RETRY,
        _("Recado's storage does not give the file; the message has not left."),
    ),
    "file_unreachable": entry(
        ErrorClass.FAIL, _("The provider cannot take the file in this way.")
    ),
    "file_type": entry(
        ErrorClass.FAIL,
        _("WhatsApp does not take files of this type."),
        advice=_("Send it as a document, or save it as another type."),
    ),
    "file_too_large": entry(
        ErrorClass.FAIL,
        _("The file is larger than allowed."),
        advice=_("Make it smaller, or send a link to it."),
    ),
    "place_invalid": entry(ErrorClass.FAIL, _("There is no such place on earth.")),
    "too_many": entry(ErrorClass.FAIL, _("There are more items than allowed.")),
    "ids_repeated": entry(ErrorClass.FAIL, _("Two answers have the same id.")),
    "missing": entry(ErrorClass.FAIL, _("Something that it needs is missing.")),
    "parameter_missing": entry(
        ErrorClass.FAIL,
        _("A gap of the template is still empty."),
        advice=_("Fill in every field of the template."),
    ),
    **dict.fromkeys(
        ("no_media_id", "no_media_url", "foreign_address"),
        entry(
            ErrorClass.FAIL,
            _("The file can no longer be fetched from the provider."),
            advice=_("Ask the person to send it again."),
        ),
    ),
    "recipient_missing": entry(
        ErrorClass.FAIL,
        _("The provider cannot reach this person by what is known of them."),
        NextAction.CHECK_NUMBER,
    ),
}
