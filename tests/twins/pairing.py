"""A provider that exists in tests alone: pairs phones by a code, over HTTP, at the twin.

What the services and the monitor do with a session must not hang on one real provider.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import (
    Field,
    names,
    phone_field,
    secret_field,
    secret_names,
    validate,
)
from integrations.providers.base.errors import (
    CredentialsRefused,
    PermissionMissing,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from integrations.providers.base.types import (
    Event,
    NumberRef,
    RawRequest,
    SessionReport,
    SessionWish,
    WebhookReport,
)

SLUG = "pairing"
FIELDS = (
    phone_field("whose phone"),
    Field("base_url", "Address", r"https?://\S+", "an address"),
    secret_field("api_key", "Key"),
    Field("granted_key", "Granted key", r".*", "anything"),
)
PHONE = "+5511977776666"


def credentials(url: str, *, phone: str = PHONE) -> dict[str, str]:
    return {
        "phone_number": phone,
        "base_url": url,
        "api_key": "key-of-the-tests",
        "granted_key": "none yet",
    }


class PairingAdapter(Adapter):
    slug = SLUG
    label = "Pairing"
    capabilities = frozenset(
        {Capability.RECEIVE, Capability.SESSION_PROBE, Capability.WEBHOOK_BY_API}
    )
    fields = FIELDS
    credential_fields = names(FIELDS)
    secret_fields = secret_names(FIELDS)
    redact_keys = frozenset({"api_key"})
    session_kind = "qr"

    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        return validate(FIELDS, credentials)

    def number_of(self, credentials: Credentials) -> NumberRef:
        return NumberRef(phone=credentials["phone_number"].lstrip("+"))

    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        """Nobody posts in its tests."""

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        raise Unreadable("nobody posts")

    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        told = {"webhook": wish.webhook_url, "state": wish.state, "phone": wish.phone}
        return self._ask("POST", credentials, http, "create_session", told)

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        return self._ask("GET", credentials, http, "session_status")

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        self._ask("DELETE", credentials, http, "close_session")

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        self._ask("POST", credentials, http, "set_webhook", {"webhook": url})
        return WebhookReport(url=url, missing=("groups",))

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        return WebhookReport(url="https://elsewhere.example/")

    def _ask(
        self,
        method: str,
        credentials: Credentials,
        http: Http,
        operation: str,
        body: Any = None,
    ) -> SessionReport:
        key = credentials["phone_number"].lstrip("+")
        answer = http.request(
            method,
            f"{credentials['base_url']}/sessions/{key}",
            operation=operation,
            headers={"api_key": credentials["api_key"]},
            json=body,
        )
        errors = {
            401: CredentialsRefused,
            403: PermissionMissing,
            404: Refused,
            503: Unavailable,
        }
        if answer.status_code == 429:
            raise Throttled("429", retry_after=120)
        if answer.status_code != 200:
            raise errors.get(answer.status_code, Unavailable)(str(answer.status_code))
        try:
            told = answer.json()
        except ValueError:
            raise Unavailable("no_json") from None
        expires = told.get("expires_at")
        return SessionReport(
            state=told.get("state", "disconnected"),
            provider_state=told.get("word", ""),
            external_id=key,
            payload=told.get("code", ""),
            phone=told.get("phone"),
            expires_at=datetime.fromisoformat(expires) if expires else None,
            granted=told.get("granted", {}),
        )
