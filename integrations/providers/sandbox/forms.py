"""What an admin enters to add a simulated number."""

from collections.abc import Mapping

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import NumberRef

FIELDS = (
    fields.phone_field(_("Any number that is not in use here.")),
    fields.made_field(
        "webhook_secret",
        _("Webhook secret"),
        _("The simulated phone signs with it. Leave it empty and Recado makes one."),
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    """A simulated number is its own id."""
    digits = credentials.get("phone_number", "").removeprefix("+") or None
    return NumberRef(external_id=digits, phone=digits)
