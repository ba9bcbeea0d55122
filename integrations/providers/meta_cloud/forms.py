"""What an admin enters to connect a number of their own Meta app."""

from collections.abc import Mapping

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.types import NumberRef
from integrations.providers.cloud_payload.people import digits_of

FIELDS = (
    fields.phone_field("The WhatsApp number, with country code."),
    fields.digits_field(
        "phone_number_id",
        "Phone number ID",
        "In the app dashboard, under WhatsApp, API setup.",
    ),
    fields.digits_field(
        "waba_id",
        "WhatsApp Business Account ID",
        "In the app dashboard, under WhatsApp, API setup.",
    ),
    fields.secret_field(
        "access_token",
        "Access token",
        "A permanent token of a system user; the temporary one ends after a day.",
    ),
    fields.secret_field(
        "app_secret",
        "App secret",
        "In the app dashboard, under App settings, Basic. It proves Meta's webhooks.",
    ),
    fields.secret_field(
        "verify_token",
        "Verify token",
        "A word of your choice; enter the same one beside the webhook URL at Meta.",
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    return NumberRef(
        external_id=credentials.get("phone_number_id") or None,
        phone=digits_of(credentials.get("phone_number")),
    )
