"""What an admin enters to connect a number through a WAHA server."""

from collections.abc import Mapping

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.phones import digits_of
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import NumberRef

_HOST = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])"

FIELDS = (
    fields.phone_field(
        _("The WhatsApp number, with country code. Another one is not let in.")
    ),
    fields.Field(
        name="base_url",
        label=_("Address of the WAHA server"),
        pattern=rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~/-]*)?",
        expected=_("an address that starts with https:// or http://"),
        help=_("Where its dashboard opens, without /dashboard."),
        is_place=True,
    ),
    fields.Field(
        name="session_name",
        label=_("Session name"),
        pattern=r"[A-Za-z0-9_-]{1,54}",
        expected=_("1 to 54 letters, digits, hyphens or underscores"),
        help=_(
            "A name of your choice, one for each number. A free WAHA server may know "
            "only the name default."
        ),
        is_place=True,
    ),
    fields.secret_field(
        "api_key",
        _("API key"),
        _("The server's WAHA_API_KEY: the key itself, not its sha512 form."),
    ),
    fields.made_field(
        "webhook_secret",
        _("Webhook secret"),
        _(
            "WAHA signs with it what it posts here. Leave it empty and Recado makes one and "
            "tells it to WAHA."
        ),
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    """The phone alone: many servers have a session of the same name."""
    return NumberRef(phone=digits_of(credentials.get("phone_number")))
