"""360dialog's errors for people: Meta's codes, and those of its own gateway before them.

The gateway has no codes but HTTP's; `errors.py` names the one by its words where it must.
"""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import (
    Entry,
    ErrorClass,
    NextAction,
    entry,
)
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.cloud_payload import catalogue as cloud

_HUB: Final = "https://hub.360dialog.com/"
_RETRY, _FAIL = ErrorClass.RETRY, ErrorClass.FAIL
_RECONNECT, _STOP = ErrorClass.RECONNECT, ErrorClass.STOP

_GATEWAY: Final[dict[str, Entry]] = {
    "rate_limit": entry(_RETRY, _("360dialog is asked too often at the moment.")),
    "http_429": entry(_RETRY, _("360dialog is asked too often at the moment.")),
    "api_disabled": entry(
        _STOP, _("360dialog has switched the API of this number off."), link=_HUB
    ),
    "unpaid": entry(
        _STOP,
        _("There are unpaid invoices at 360dialog."),
        advice=_("Pay them in the 360dialog hub; then send again."),
        link=_HUB,
    ),
    "http_400": entry(_FAIL, _("360dialog does not accept this message.")),
    "http_401": entry(
        _RECONNECT,
        _(
            "360dialog no longer accepts the API key; a newer one ends every earlier one."
        ),
        link=_HUB,
    ),
    "http_403": entry(
        _RECONNECT, _("360dialog has blocked this number's API."), link=_HUB
    ),
    "http_500": entry(
        ErrorClass.UNKNOWN,
        _("360dialog had an error. The message may have been sent."),
    ),
    "http_502": entry(
        ErrorClass.UNKNOWN,
        _("360dialog's API was out of reach. The message may have been sent."),
    ),
}
# Of the retired on-premise API, still seen in statuses of old numbers.
_LEGACY: Final[dict[str, Entry]] = {
    "470": entry(
        _FAIL,
        _("More than 24 hours have passed since the person last wrote."),
        NextAction.SEND_TEMPLATE,
    ),
    "471": entry(
        _RETRY,
        _("Meta slows this number down because people blocked or reported it."),
        NextAction.CHECK_PROVIDER,
    ),
    "1013": entry(_FAIL, _("The person is not on WhatsApp."), NextAction.CHECK_NUMBER),
}

ENTRIES: Final[Mapping[str, Entry]] = {**cloud.ENTRIES, **_GATEWAY, **_LEGACY}
