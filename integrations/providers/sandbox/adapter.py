"""The wiring of `sandbox`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import names, secret_names
from integrations.providers.base.outgoing import (
    FetchedMedia,
    Media,
    MessageRef,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.templates import TemplateDraft, TemplateReport
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
from integrations.providers.cloud_payload.limits import LIMITS
from integrations.providers.sandbox import (
    catalogue,
    forms,
    inbound,
    outbound,
    session,
    signature,
)
from integrations.providers.sandbox.api import KEY_HEADER, Gateway


class SandboxAdapter(Adapter):
    slug = "sandbox"
    label = "Sandbox"
    is_simulated = True
    about = _("A simulated phone inside Recado, to learn and to try things out.")
    capabilities = frozenset(
        {
            Capability.RECEIVE,
            Capability.SEND,
            Capability.INTERACTIVE,
            Capability.TEMPLATES,
            Capability.TEMPLATE_WRITE,
            Capability.TEMPLATE_EDIT,
            Capability.MEDIA_FETCH,
            Capability.MEDIA_UPLOAD,
            Capability.MEDIA_LINK,
            Capability.MARK_READ,
            Capability.MEDIA_BY_ID,
            Capability.SERVICE_WINDOW,
            Capability.ECHOES,
            Capability.HISTORY_SYNC,
            Capability.REFERRAL,
            Capability.REACTIONS,
            Capability.BSUID,
            Capability.SHARED_URL,
            Capability.CLIENT_MESSAGE_ID,
            Capability.SESSION_PROBE,
            Capability.PAIRING_CODE,
            Capability.WEBHOOK_BY_API,
        }
    )
    fields = forms.FIELDS
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    sends = LIMITS
    errors = catalogue.ENTRIES
    # The address that is set as a webhook holds its token.
    redact_keys = frozenset(
        {"webhook_secret", "code", "pairing_code", "url", "webhook_url"}
        | {signature.HEADER, KEY_HEADER}
    )
    session_kind = "qr"

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

    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        gateway = self._gateway(credentials, http, "create_session")
        return session.create(gateway, wish, now=datetime.now(UTC))

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        gateway = self._gateway(credentials, http, "session_status")
        return session.status(gateway, now=datetime.now(UTC))

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        session.close(self._gateway(credentials, http, "close_session"))

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        gateway = self._gateway(credentials, http, "set_webhook")
        return session.set_webhook(gateway, url)

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        return session.webhook_report(
            self._gateway(credentials, http, "webhook_report")
        )

    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        self.check(message.content)
        return outbound.send(self._gateway(credentials, http, "send"), message)

    def mark_read(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        outbound.mark_read(self._gateway(credentials, http, "mark_read"), message)

    def upload_media(self, media: Media, credentials: Credentials, http: Http) -> str:
        self.check_upload(media)
        gateway = self._gateway(credentials, http, "upload_media")
        return outbound.upload(gateway, media.file)

    def fetch_media(
        self,
        media: MediaRef,
        credentials: Credentials,
        http: Http,
        *,
        into: BinaryIO,
        most: int,
    ) -> FetchedMedia:
        gateway = self._gateway(credentials, http, "fetch_media")
        return outbound.fetch(gateway, media, into=into, most=most)

    def list_templates(
        self, credentials: Credentials, http: Http
    ) -> list[TemplateReport]:
        return outbound.list_templates(
            self._gateway(credentials, http, "list_templates")
        )

    def create_template(
        self, draft: TemplateDraft, credentials: Credentials, http: Http
    ) -> TemplateReport:
        gateway = self._gateway(credentials, http, "create_template")
        return outbound.create_template(gateway, draft)

    def edit_template(
        self,
        external_id: str,
        draft: TemplateDraft,
        credentials: Credentials,
        http: Http,
    ) -> TemplateReport:
        gateway = self._gateway(credentials, http, "edit_template")
        return outbound.edit_template(gateway, external_id, draft)

    def delete_template(self, name: str, credentials: Credentials, http: Http) -> None:
        gateway = self._gateway(credentials, http, "delete_template")
        outbound.delete_template(gateway, name)

    def _gateway(self, credentials: Credentials, http: Http, operation: str) -> Gateway:
        return Gateway(self.settings["api_base"], credentials, http, operation)
