"""Evolution's errors for people. It has no codes but HTTP's; some are told apart by words."""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import (
    Entry,
    ErrorClass,
    NextAction,
    entry,
)
from integrations.providers.base.texts import gettext_noop as _

_DOCS: Final = "https://doc.evolution-api.com/"
_RECONNECT, _FAIL = ErrorClass.RECONNECT, ErrorClass.FAIL

ENTRIES: Final[Mapping[str, Entry]] = {
    "not_on_whatsapp": entry(
        _FAIL, _("The person is not on WhatsApp."), NextAction.CHECK_NUMBER
    ),
    "not_connected": entry(
        ErrorClass.RETRY,
        _("The instance at the server is not linked to the phone at the moment."),
        NextAction.RECONNECT,
        link=_DOCS,
    ),
    "connection_lost": entry(
        ErrorClass.UNKNOWN,
        _("The server lost WhatsApp while sending. The message may have arrived."),
        advice=_("Look at the phone: if the message is not there, send it again."),
    ),
    "server_error": entry(
        ErrorClass.RETRY, _("The server says that something within it went wrong.")
    ),
    "http_400": entry(_FAIL, _("The server does not accept this message.")),
    "http_401": entry(
        _RECONNECT, _("The server does not accept the API key."), link=_DOCS
    ),
    "http_403": entry(
        _RECONNECT, _("The API key may not use this instance."), link=_DOCS
    ),
    "http_404": entry(
        _RECONNECT, _("The server does not know this instance any more.")
    ),
    "http_429": entry(ErrorClass.RETRY, _("The server is asked too often.")),
    "http_500": entry(
        ErrorClass.UNKNOWN,
        _("The server had an error. The message may have been sent."),
        advice=_("Look at the phone: if the message is not there, send it again."),
    ),
    # Why WhatsApp ended a link, as the server's events tell it.
    "402": entry(_RECONNECT, _("WhatsApp has suspended this number for some time.")),
    "406": entry(_RECONNECT, _("WhatsApp has banned this number from linked devices.")),
    "401": entry(_RECONNECT, _("The phone has ended the link to the server.")),
    "403": entry(_RECONNECT, _("WhatsApp has banned this number.")),
}
