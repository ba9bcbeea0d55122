"""The wiring of `dialog360`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import names, secret_names
from integrations.providers.base.types import (
    Event,
    NumberRef,
    RawRequest,
    SessionReport,
)
from integrations.providers.dialog360 import forms, inbound, session, signature


class Dialog360Adapter(Adapter):
    slug = "dialog360"
    label = "360dialog"
    capabilities = frozenset(
        {
            Capability.RECEIVE,
            Capability.MEDIA_BY_ID,
            Capability.SERVICE_WINDOW,
            Capability.ECHOES,
            Capability.HISTORY_SYNC,
            Capability.REFERRAL,
            Capability.REACTIONS,
            Capability.BSUID,
            Capability.SHARED_URL,
            Capability.SESSION_PROBE,
            Capability.CLIENT_MESSAGE_ID,
        }
    )
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    # The webhook setting repeats our URL with its token and our custom header.
    redact_keys = frozenset(
        {"d360-api-key", "api_key", "webhook_secret", "url", "headers"}
        | {signature.HEADER, signature.TOKEN_HEADER.lower()}
    )

    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        return forms.validate(credentials)

    def number_of(self, credentials: Credentials) -> NumberRef:
        return forms.channel(credentials)

    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        token_header = self.settings.get("token_header") or signature.TOKEN_HEADER
        signature.authenticate(raw, secrets, token_header=token_header)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return inbound.parse(body)

    def create_session(self, credentials: Credentials, http: Http) -> SessionReport:
        return session.probe(
            credentials, http, settings=self.settings, operation="create_session"
        )

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        return session.probe(
            credentials, http, settings=self.settings, operation="session_status"
        )

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """A pasted key opens nothing at 360dialog; see session.py."""
