"""What an admin enters to connect a number through their own Evolution API."""

from collections.abc import Mapping

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.phones import digits_of
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import NumberRef

FIELDS = (
    fields.phone_field(
        _("The WhatsApp number that will scan the code, with country code.")
    ),
    fields.Field(
        name="base_url",
        label=_("Server address"),
        pattern=r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?",
        expected=_("an address such as https://evo.example.com"),
        help=_("Where your Evolution API answers, without /manager."),
        is_place=True,
    ),
    fields.Field(
        name="instance_name",
        label=_("Instance name"),
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
        expected=_("up to 80 letters, digits, dots, dashes and underscores"),
        help=_(
            "A new name, or that of an instance that exists: its webhook is then ours."
        ),
        is_place=True,
    ),
    fields.secret_field(
        "api_key",
        _("API key"),
        _(
            "The server's AUTHENTICATION_API_KEY; for an instance that exists already, "
            "its own token is enough."
        ),
    ),
    # Anyone who sees one signed request can try guesses at a short secret at home.
    fields.made_field(
        "webhook_secret",
        _("Webhook secret"),
        _(
            "The server signs its webhooks with it. Leave it empty and Recado makes one and "
            "tells it to the server."
        ),
        least=16,
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    """The phone alone: instance names are unique on one server only, and there are many."""
    return NumberRef(phone=digits_of(credentials.get("phone_number")))
