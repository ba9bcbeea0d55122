"""WAHA's errors for people. It has no codes but HTTP's; some are told apart by words."""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import (
    Entry,
    ErrorClass,
    NextAction,
    entry,
)
from integrations.providers.base.texts import gettext_noop as _

_DOCS: Final = "https://waha.devlike.pro/docs/how-to/sessions/"
_RECONNECT, _FAIL = ErrorClass.RECONNECT, ErrorClass.FAIL

ENTRIES: Final[Mapping[str, Entry]] = {
    "session_not_ready": entry(
        ErrorClass.RETRY,
        _("The session at WAHA is not linked to the phone at the moment."),
        NextAction.RECONNECT,
        link=_DOCS,
    ),
    "not_waha": entry(_RECONNECT, _("What answers at this address is not WAHA.")),
    "http_400": entry(_FAIL, _("The server does not accept this message.")),
    "http_401": entry(
        _RECONNECT, _("The server does not accept the API key."), link=_DOCS
    ),
    "http_403": entry(
        _RECONNECT, _("The API key may not use this session."), link=_DOCS
    ),
    "http_404": entry(_RECONNECT, _("The server does not know this session any more.")),
    "http_422": entry(_FAIL, _("The server does not accept this message.")),
    "http_429": entry(ErrorClass.RETRY, _("The server is asked too often.")),
    "http_500": entry(
        ErrorClass.UNKNOWN,
        _("The server had an error. The message may have been sent."),
        advice=_("Look at the phone: if the message is not there, send it again."),
    ),
    # The word and the number of a message that did not leave the server.
    **dict.fromkeys(
        ("ERROR", "-1"), entry(_FAIL, _("WhatsApp did not take the message."))
    ),
}
