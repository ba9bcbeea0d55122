"""Why an answer was refused, in sentences for the person who wrote it. Pure."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import explanations
from whatsapp.services.outbox_checks import Refusal

Text = str | Promise

# What the page offers beside the sentence.
TEMPLATE: Final = "template"
NUMBER: Final = "number"
RELOAD: Final = "reload"


@dataclass(frozen=True, slots=True)
class Words:
    sentence: Text
    action: str = ""


WORDS: Final[dict[str, Words]] = {
    Refusal.NUMBER_GONE: Words(
        _("This number is not connected any more, so nothing can be sent from it."),
        NUMBER,
    ),
    Refusal.NUMBER_DISCONNECTED: Words(
        _("This number is disconnected. Connect it again, then send."), NUMBER
    ),
    Refusal.CANNOT_SEND: Words(
        _("This number's provider receives messages and cannot send any.")
    ),
    Refusal.NOTHING_TO_SEND: Words(_("Write a message first.")),
    Refusal.WINDOW_CLOSED: Words(
        _(
            "24 hours have passed since the person last wrote. WhatsApp lets you write "
            "freely again when they answer; until then, send a template."
        ),
        TEMPLATE,
    ),
    Refusal.TEMPLATE_UNKNOWN: Words(
        _("This template is not there any more. Choose another one."), TEMPLATE
    ),
    Refusal.TEMPLATE_NOT_APPROVED: Words(
        _("This template is not approved. Choose one that is."), TEMPLATE
    ),
    Refusal.TEMPLATE_INCOMPLETE: Words(_("Fill in every field of the template.")),
    Refusal.OPTED_OUT: Words(
        _(
            "This person asked not to be written to. You can answer once they write to "
            "you."
        )
    ),
    "number_paused": Words(
        _("Sending from this number is paused. Nothing was sent."), NUMBER
    ),
    "recipient_missing": Words(
        _("Nothing is known of this person by which WhatsApp could reach them.")
    ),
    "another_is_open": Words(
        _("There is a newer open conversation with this person. Answer there."), RELOAD
    ),
    "draft_used": Words(
        _(
            "This form was sent already, with another text. If you want to send this one "
            "too, send it again."
        )
    ),
    "target_gone": Words(
        _("The message that you answer to cannot be quoted. Send yours without it.")
    ),
    "text_missing": Words(_("Write a message first.")),
}


def sentence(provider: str, reason: str, *, code: str = "", most: int | None) -> str:
    """In the language of whoever reads."""
    if reason == "text_too_long" and most is not None:
        told = gettext("The text is longer than %(most)s characters. Shorten it.")
        return told % {"most": most}
    if reason == "out_of_reach":
        told = gettext(
            "The last message did not reach them: %(why)s Send that one again to see "
            "whether it does now."
        )
        return told % {"why": explanations.explain(provider, code).sentence}
    known = WORDS.get(reason)
    if known is not None:
        return str(known.sentence)
    return explanations.explain(provider, reason).sentence


def action_of(reason: str) -> str:
    known = WORDS.get(reason)
    return known.action if known else ""
