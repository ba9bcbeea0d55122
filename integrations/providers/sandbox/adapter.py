"""The wiring of `sandbox`; each operation lives in the module beside."""

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
from integrations.providers.sandbox import forms, inbound, session, signature


class SandboxAdapter(Adapter):
    slug = "sandbox"
    label = "Sandbox"
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
            Capability.CLIENT_MESSAGE_ID,
        }
    )
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    redact_keys = frozenset({"webhook_secret", signature.HEADER})

    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        return forms.validate(credentials)

    def number_of(self, credentials: Credentials) -> NumberRef:
        return forms.channel(credentials)

    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        signature.authenticate(raw, secrets)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return inbound.parse(body)

    def create_session(self, credentials: Credentials, http: Http) -> SessionReport:
        return session.report(forms.channel(credentials))

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        return session.report(forms.channel(credentials))

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """A simulated phone keeps nothing open."""
