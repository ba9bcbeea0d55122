"""The sandbox's errors for people: Meta's codes, which its phone can play, and its gateway's."""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import Entry, ErrorClass, entry
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.cloud_payload import catalogue as cloud

ENTRIES: Final[Mapping[str, Entry]] = {
    **cloud.ENTRIES,
    "http_400": entry(
        ErrorClass.FAIL, _("The simulated phone does not accept this message.")
    ),
    "not_linked": entry(
        ErrorClass.RECONNECT, _("Recado is not linked to the simulated phone.")
    ),
    "http_404": entry(
        ErrorClass.RECONNECT, _("The sandbox does not know this number.")
    ),
    "http_401": entry(
        ErrorClass.RECONNECT, _("The sandbox no longer accepts the key of this number.")
    ),
    "http_429": entry(
        ErrorClass.RETRY, _("The sandbox is asked too often at the moment.")
    ),
    "http_500": entry(
        ErrorClass.UNKNOWN,
        _("The sandbox had an error. The message may have been sent."),
    ),
    "http_502": entry(
        ErrorClass.UNKNOWN,
        _("The sandbox had an error. The message may have been sent."),
    ),
    "http_503": entry(
        ErrorClass.UNKNOWN,
        _("The sandbox is down for maintenance. The message may have been sent."),
    ),
}
