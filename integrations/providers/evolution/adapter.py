"""The wiring of `evolution`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import names, secret_names
from integrations.providers.base.limits import KIB, Limits, for_bridge
from integrations.providers.base.outgoing import (
    FetchedMedia,
    MessageRef,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import (
    Event,
    MediaRef,
    NumberRef,
    Party,
    RawRequest,
    SessionReport,
    SessionWish,
    WebhookReport,
)
from integrations.providers.evolution import (
    catalogue,
    forms,
    inbound,
    outbound,
    redaction,
    session,
    signature,
    webhook,
)
from integrations.providers.evolution.api import Server


class EvolutionAdapter(Adapter):
    slug = "evolution"
    label = "Evolution API"
    about = _(
        "A server of your own, linked to a phone as WhatsApp Web is. Not official: WhatsApp "
        "may block a number that writes to people who did not write first."
    )
    capabilities = frozenset(
        {
            Capability.RECEIVE,
            Capability.SEND,
            Capability.MEDIA_FETCH,
            Capability.MEDIA_LINK,
            Capability.MEDIA_INLINE,
            Capability.NUMBER_CHECK,
            Capability.MARK_READ,
            Capability.TYPING,
            Capability.MEDIA_BY_ID,
            Capability.ECHOES,
            Capability.HISTORY_SYNC,
            Capability.REFERRAL,
            Capability.REACTIONS,
            Capability.SESSION_PROBE,
            Capability.WEBHOOK_BY_API,
            Capability.PAIRING_CODE,
        }
    )
    fields = forms.FIELDS
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    sends = for_bridge(sticker=Limits(text=0, size=500 * KIB))
    errors = catalogue.ENTRIES
    # Answers repeat keys and codes; the webhook setting repeats our URL with its token.
    redact_keys = frozenset(
        {"apikey", "api_key", "hash", "token", "webhook_secret"}
        | {"code", "base64", "pairingcode", "media", "audio", "sticker"}
        | {"url", "webhookurl", "destination", "server_url", "headers"}
        | {signature.HEADER, signature.KEY_HEADER}
    )
    session_kind = "qr"
    webhook_events = webhook.EVENTS

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

    def without_secrets(self, body: bytes) -> bytes:
        return redaction.without_secrets(body)

    def check_credentials(self, credentials: Credentials, http: Http) -> SessionReport:
        return session.check(credentials, http, now=datetime.now(UTC))

    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        return session.create(credentials, http, wish, now=datetime.now(UTC))

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        return session.status(credentials, http, now=datetime.now(UTC))

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        session.close(credentials, http)

    def evict_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        session.evict(credentials, http)

    def remove_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        session.remove(credentials, http)

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        return session.set_webhook(url, credentials, http)

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        return session.webhook_report(credentials, http)

    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        self.check(message.content)
        return outbound.send(Server(credentials, http, "send"), message)

    def find_person(
        self, phone: str, credentials: Credentials, http: Http
    ) -> Party | None:
        return outbound.find_person(Server(credentials, http, "find_person"), phone)

    def mark_read(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        outbound.mark_read(Server(credentials, http, "mark_read"), message, peer)

    def show_typing(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        outbound.show_typing(Server(credentials, http, "show_typing"), peer)

    def fetch_media(
        self,
        media: MediaRef,
        credentials: Credentials,
        http: Http,
        *,
        into: BinaryIO,
        most: int,
    ) -> FetchedMedia:
        server = Server(credentials, http, "fetch_media")
        return outbound.fetch(server, media, into=into, most=most)
