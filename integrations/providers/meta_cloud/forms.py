"""What an admin enters to connect a number of their own Meta app."""

from collections.abc import Mapping
from dataclasses import replace

from integrations.providers.base import credentials as fields
from integrations.providers.base.adapter import Credentials
from integrations.providers.base.phones import digits_of
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import NumberRef

FIELDS = (
    fields.phone_field(
        _(
            "The WhatsApp number, with country code. One that is also in the WhatsApp "
            "Business app on a phone works too, if it was joined to the Cloud API by "
            "scanning Meta's QR code (coexistence): it then sends at most 20 messages a "
            "second, and the app must be opened every two weeks or Meta disconnects it."
        )
    ),
    fields.digits_field(
        "phone_number_id",
        _("Phone number ID"),
        _("In the app dashboard, under WhatsApp, API setup. It is no phone number."),
    ),
    fields.digits_field(
        "waba_id",
        _("WhatsApp Business Account ID"),
        _("In the app dashboard, under WhatsApp, API setup."),
    ),
    fields.secret_field(
        "access_token",
        _("Access token"),
        _(
            "A permanent token of a system user, allowed whatsapp_business_messaging and "
            "whatsapp_business_management; the temporary one ends after a day."
        ),
    ),
    fields.secret_field(
        "app_secret",
        _("App secret"),
        _(
            "In the app dashboard, under App settings, Basic. It proves Meta's webhooks."
        ),
    ),
    fields.made_field(
        "verify_token",
        _("Verify token"),
        _(
            "Meta shows it when it confirms the webhook URL. Leave it empty and Recado "
            "makes one and tells it to Meta."
        ),
    ),
    replace(
        fields.digits_field(
            "app_id",
            _("App ID"),
            _(
                "In the app dashboard, at the top. Only if Recado cannot find it itself."
            ),
        ),
        is_optional=True,
    ),
)


def validate(credentials: Mapping[str, object]) -> dict[str, str]:
    return fields.validate(FIELDS, credentials)


def channel(credentials: Credentials) -> NumberRef:
    return NumberRef(
        external_id=credentials.get("phone_number_id") or None,
        phone=digits_of(credentials.get("phone_number")),
    )
