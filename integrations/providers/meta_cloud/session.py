"""Whether a number of the Cloud API is connected: one harmless read of its node.

Pasted keys open no session at Meta, so there is nothing to close either: dropping the
webhook subscription would cut off every other number of the same account.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from integrations.providers.base.adapter import Credentials, Http
from integrations.providers.base.credentials import secrets_in
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import SessionReport
from integrations.providers.cloud_payload.errors import body_of, error_of
from integrations.providers.cloud_payload.people import digits_of, is_same_number
from integrations.providers.meta_cloud.forms import FIELDS

API_BASE: Final = "https://graph.facebook.com"
API_VERSION: Final = "v25.0"
_NODE_FIELDS: Final = (
    "id,display_phone_number,verified_name,status,quality_rating,is_on_biz_app"
)
# Meta's documents disagree on these words and add to them: an unknown one is unsteady.
_STATES: Final = {
    "": "connected",  # not told, but the number answered to this token
    "CONNECTED": "connected",
    "LINKED": "connected",
    "PENDING": "verifying",
    "UNVERIFIED": "verifying",
    "DISCONNECTED": "disconnected",
    "UNLINKED": "disconnected",
    "DELETED": "disconnected",
    "MIGRATED": "disconnected",
    "BANNED": "disconnected",
}


def probe(
    credentials: Credentials, http: Http, *, settings: Mapping[str, str], operation: str
) -> SessionReport:
    base = settings.get("api_base") or API_BASE
    version = settings.get("api_version") or API_VERSION
    number_id = quote(credentials["phone_number_id"], safe="")
    response = http.request(
        "GET",
        f"{base.rstrip('/')}/{version}/{number_id}?fields={_NODE_FIELDS}",
        operation=operation,
        headers={"Authorization": f"Bearer {credentials['access_token']}"},
    )
    if response.status_code != 200:
        raise error_of(response, secrets=secrets_in(FIELDS, credentials))
    return _report(body_of(response), credentials)


def _report(node: Reader, credentials: Credentials) -> SessionReport:
    word = (node.find_text("status", most=60) or "").upper()
    state, reason = _STATES.get(word, "degraded"), ""
    if state != "connected":
        reason = f"Meta says {word.lower()}"
    phone = digits_of(node.find_text("display_phone_number"))
    ours = digits_of(credentials.get("phone_number"))
    if phone and ours and not is_same_number(phone, ours):
        state, reason = "failed", "the phone number ID belongs to another phone number"
    return SessionReport(
        state=state,
        provider_state=word,
        external_id=node.find_identifier("id") or credentials["phone_number_id"],
        phone=phone,
        display_name=node.find_text("verified_name", most=100),
        quality=(node.find_text("quality_rating", most=20) or "").lower() or None,
        reason=reason,
    )
