"""Meta's errors for people: the Cloud API's codes, and HTTP's where it gives none."""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import Entry, ErrorClass, entry
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.cloud_payload import catalogue as cloud

ENTRIES: Final[Mapping[str, Entry]] = {
    **cloud.ENTRIES,
    "http_401": entry(
        ErrorClass.RECONNECT, _("Meta does not recognise the access token.")
    ),
    "http_429": entry(
        ErrorClass.RETRY, _("The app asks Meta too often at the moment.")
    ),
}
