"""What an admin enters to connect a number of 360dialog, and what a partner's link grants."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.credentials import Field
from integrations.providers.base.errors import CredentialsInvalid, Refused
from integrations.providers.base.phones import digits_of
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import NumberRef

API_BASE: Final = "https://waba-v2.360dialog.io"
# A key is sent to these hosts alone, whatever an answer or an admin says.
_TRUSTED_HOST: Final = re.compile(r"([a-z0-9-]+\.)+360dialog\.(io|com)")

PHONE: Final = fields.phone_field(
    _(
        "The WhatsApp number, with country code. One that is in use in the WhatsApp Business "
        "app can stay on the phone (coexistence): Meta's own QR code, shown at 360dialog, is "
        "then scanned with the app. Open the app every two weeks, or Meta disconnects it."
    )
)
API_KEY: Final = fields.secret_field(
    "api_key",
    _("API key"),
    _("From the 360dialog hub. A new key there ends every earlier one."),
)
WEBHOOK_SECRET: Final = fields.made_field(
    "webhook_secret",
    _("Webhook secret"),
    _(
        "The value of the custom header set with the webhook, or the platform secret. "
        "Leave it empty and Recado makes one and tells it to 360dialog."
    ),
)
ADDRESS: Final = Field(
    name="address",
    label=_("Address of the API"),
    pattern=r"https?://[!-~]{1,200}",
    expected=_("an address at 360dialog, as https://waba-v2.360dialog.io"),
    help=_("Only where 360dialog names another one, as for its own sandbox."),
    is_optional=True,
)
# The number's id at 360dialog: it came with a partner's link, and so will the next key.
CHANNEL: Final = Field(
    name="channel_id",
    label=_("Channel ID"),
    pattern=r"[A-Za-z0-9_-]{1,60}/[A-Za-z0-9_-]{1,60}",
    expected="two ids of 360dialog",
    is_granted=True,
)
FIELDS: Final = (PHONE, API_KEY, WEBHOOK_SECRET, ADDRESS, CHANNEL)
LINK_FIELDS: Final = (PHONE,)
PASTED_FIELDS: Final = (PHONE, API_KEY, WEBHOOK_SECRET, ADDRESS)


def validate(
    credentials: Mapping[str, object], settings: Mapping[str, str]
) -> dict[str, str]:
    """A key is needed unless this installation has one, or can have one made by a link."""
    has_key = bool(settings.get("api_key")) or is_partner(settings)
    cleaned = fields.validate(_with_key(FIELDS, is_needed=not has_key), credentials)
    address = cleaned.get("address")
    if address and not is_trusted(address, settings):
        raise CredentialsInvalid(
            {"address": f"wrong shape: expected {ADDRESS.expected}"}
        )
    return cleaned


def pasted_fields(settings: Mapping[str, str]) -> tuple[Field, ...]:
    """An installation that serves one number may hold its key itself."""
    return _with_key(PASTED_FIELDS, is_needed=not settings.get("api_key"))


def _with_key(wanted: tuple[Field, ...], *, is_needed: bool) -> tuple[Field, ...]:
    return tuple(
        replace(field, is_optional=True)
        if field is API_KEY and not is_needed
        else field
        for field in wanted
    )


def channel(credentials: Credentials) -> NumberRef:
    """The provider's id of the number is learned from its first webhook."""
    return NumberRef(phone=digits_of(credentials.get("phone_number")))


def is_partner(settings: Mapping[str, str]) -> bool:
    return bool(settings.get("partner_id") and settings.get("partner_key"))


def is_trusted(address: str, settings: Mapping[str, str]) -> bool:
    """Whether a key may go there: 360dialog's own hosts, or the one the operator set."""
    if address.rstrip("/") == _default_base(settings):
        return True
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_plain = parts.netloc == host and port is None and parts.path in ("", "/")
    is_plain = is_plain and not parts.query and not parts.fragment
    return parts.scheme == "https" and is_plain and bool(_TRUSTED_HOST.fullmatch(host))


def base_of(credentials: Credentials, settings: Mapping[str, str]) -> str:
    """The number's base URL, or Refused: a key never goes to a stranger."""
    address = credentials.get("address", "").rstrip("/")
    if address and not is_trusted(address, settings):
        raise Refused("foreign_address", "the address is not at 360dialog")
    return address or _default_base(settings)


def key_of(credentials: Credentials, settings: Mapping[str, str]) -> str:
    """The number's key, or the one of an installation that serves one number."""
    key = credentials.get("api_key") or settings.get("api_key") or ""
    if not key:
        raise Refused("no_key", "the number has no key yet")
    return key


def _default_base(settings: Mapping[str, str]) -> str:
    return (settings.get("api_base") or API_BASE).rstrip("/")
