"""What an admin enters to connect a number of 360dialog."""

from collections.abc import Mapping

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.types import NumberRef
from integrations.providers.cloud_payload.people import digits_of

FIELDS = (
    fields.phone_field("The WhatsApp number, with country code."),
    fields.secret_field(
        "api_key",
        "API key",
        "From the 360dialog hub. A new key there ends every earlier one.",
    ),
    fields.secret_field(
        "webhook_secret",
        "Webhook secret",
        "The value of the custom header set with the webhook, or the platform secret.",
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    """The provider's id of the number is learned from its first webhook."""
    return NumberRef(phone=digits_of(credentials.get("phone_number")))
