"""The contract: what the gateway may ask of any provider."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import Unsupported
from integrations.providers.base.types import (
    Acknowledgement,
    Event,
    MediaRef,
    NumberRef,
    OutgoingMessage,
    RawRequest,
    SendResult,
    SessionReport,
)

Credentials = Mapping[str, str]


class HttpResponse(Protocol):
    """The answer of the HTTP client that is handed in."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any: ...


class Http(Protocol):
    """The one HTTP client (integrations/http.py), as an adapter sees it."""

    def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> HttpResponse: ...


class Adapter(ABC):
    """One provider. An instance holds no state but the installation's settings for it.

    `credential_fields` are the names an admin fills in; `secret_fields` are those that
    are never shown again. `redact_keys` are JSON keys and header names (lower case) whose
    values never reach a log. `webhook_headers` are the request headers kept with a raw
    webhook, lower case; no proof is among them, since a stored request was proven.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    credential_fields: ClassVar[tuple[str, ...]]
    secret_fields: ClassVar[frozenset[str]]
    redact_keys: ClassVar[frozenset[str]]
    webhook_headers: ClassVar[frozenset[str]] = frozenset(
        {"content-type", "user-agent"}
    )
    session_kind: ClassVar[str] = "credentials"

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings

    # --- what an admin fills in -----------------------------------------------
    @abstractmethod
    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        """Return the credentials cleaned, or raise CredentialsInvalid with a reason per field."""

    @abstractmethod
    def number_of(self, credentials: Credentials) -> NumberRef:
        """The number these credentials are for, as far as they tell."""

    # --- the webhook ----------------------------------------------------------
    @abstractmethod
    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        """Return when one of `secrets` proves the sender, else raise SignatureInvalid.

        Works on the raw bytes, in constant time, and tries every set given.
        """

    @abstractmethod
    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """Turn a body into events, or raise Unreadable. Pure and total."""

    def handshake(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> Acknowledgement:
        """Answer the provider's GET that confirms a webhook URL, or raise SignatureInvalid."""
        raise Unsupported(self.slug, Capability.HANDSHAKE)

    def acknowledge(self, raw: RawRequest) -> Acknowledgement:
        return Acknowledgement()

    # --- the session ----------------------------------------------------------
    @abstractmethod
    def create_session(self, credentials: Credentials, http: Http) -> SessionReport: ...

    @abstractmethod
    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport: ...

    @abstractmethod
    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None: ...

    # --- sending --------------------------------------------------------------
    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        raise Unsupported(self.slug, Capability.SEND)

    def list_templates(
        self, credentials: Credentials, http: Http
    ) -> list[Mapping[str, Any]]:
        raise Unsupported(self.slug, Capability.TEMPLATES)

    def fetch_media(
        self, media: MediaRef, credentials: Credentials, http: Http
    ) -> bytes:
        raise Unsupported(self.slug, Capability.MEDIA_FETCH)

    def mark_read(self, external_id: str, credentials: Credentials, http: Http) -> None:
        raise Unsupported(self.slug, Capability.MARK_READ)
