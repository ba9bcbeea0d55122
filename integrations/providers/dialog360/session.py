"""Whether a 360dialog number is connected: reading its webhook setting proves the key.

A pasted key opens no session, so there is nothing to close: the admin deletes the key
in the hub.
"""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.adapter import Credentials, Http
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.types import SessionReport
from integrations.providers.cloud_payload.errors import body_of
from integrations.providers.cloud_payload.people import digits_of
from integrations.providers.dialog360.errors import error_of
from integrations.providers.dialog360.forms import FIELDS

API_BASE: Final = "https://waba-v2.360dialog.io"


def probe(
    credentials: Credentials, http: Http, *, settings: Mapping[str, str], operation: str
) -> SessionReport:
    base = settings.get("api_base") or API_BASE
    response = http.request(
        "GET",
        f"{base.rstrip('/')}/v1/configs/webhook",
        operation=operation,
        headers={"D360-API-KEY": credentials["api_key"]},
    )
    if response.status_code != 200:
        raise error_of(response, secrets=secrets_in(FIELDS, credentials))
    phone = digits_of(credentials.get("phone_number"))
    if body_of(response).find_text("url"):
        return SessionReport(
            state="connected", provider_state="webhook set", phone=phone
        )
    return SessionReport(
        state="degraded",
        provider_state="no webhook",
        phone=phone,
        reason="360dialog has no webhook URL for this number yet",
    )
