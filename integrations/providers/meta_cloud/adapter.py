"""The wiring of `meta_cloud`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import names, secret_names
from integrations.providers.base.types import (
    Acknowledgement,
    Event,
    NumberRef,
    RawRequest,
    SessionReport,
)
from integrations.providers.meta_cloud import forms, inbound, session, signature


class MetaCloudAdapter(Adapter):
    slug = "meta_cloud"
    label = "Meta Cloud API"
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
            Capability.HANDSHAKE,
            Capability.SHARED_URL,
            Capability.SESSION_PROBE,
            Capability.CLIENT_MESSAGE_ID,
        }
    )
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    redact_keys = frozenset(
        {"authorization", "access_token", "app_secret", "verify_token", "pin"}
        | {signature.HEADER, "appsecret_proof", "hub.verify_token"}
    )

    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        return forms.validate(credentials)

    def number_of(self, credentials: Credentials) -> NumberRef:
        return forms.channel(credentials)

    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        signature.authenticate(raw, secrets)

    def handshake(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> Acknowledgement:
        return signature.answer_challenge(raw, secrets)

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
        """Pasted keys open nothing at Meta; see session.py."""
