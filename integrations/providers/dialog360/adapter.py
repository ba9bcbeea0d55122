"""The wiring of `dialog360`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence
from typing import BinaryIO

from integrations.providers.base.adapter import Adapter, Credentials, Http
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.credentials import Field, names, secret_names
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
    SessionReturn,
    SessionWish,
    WebhookReport,
)
from integrations.providers.cloud_payload.limits import LIMITS
from integrations.providers.dialog360 import (
    catalogue,
    forms,
    inbound,
    onboarding,
    outbound,
    session,
    signature,
    webhook,
)
from integrations.providers.dialog360.line import Line


class Dialog360Adapter(Adapter):
    slug = "dialog360"
    label = "360dialog"
    about = _(
        "A partner of Meta. Official, and the number may stay in the WhatsApp Business app."
    )
    capabilities = frozenset(
        {
            Capability.RECEIVE,
            Capability.SEND,
            Capability.INTERACTIVE,
            Capability.TEMPLATES,
            Capability.TEMPLATE_WRITE,
            Capability.MEDIA_FETCH,
            Capability.MEDIA_UPLOAD,
            Capability.MEDIA_LINK,
            Capability.MARK_READ,
            Capability.TYPING,
            Capability.MEDIA_BY_ID,
            Capability.SERVICE_WINDOW,
            Capability.ECHOES,
            Capability.HISTORY_SYNC,
            Capability.REFERRAL,
            Capability.REACTIONS,
            Capability.BSUID,
            Capability.SHARED_URL,
            Capability.SESSION_PROBE,
            Capability.WEBHOOK_BY_API,
            Capability.EXTERNAL_LINK,
            Capability.CLIENT_MESSAGE_ID,
        }
    )
    fields = forms.FIELDS
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    sends = LIMITS
    errors = catalogue.ENTRIES
    # The webhook setting repeats our URL with its token and our custom header.
    redact_keys = frozenset(
        {"d360-api-key", "api_key", "webhook_secret", "url", "headers"}
        | {signature.HEADER, signature.TOKEN_HEADER.lower()}
    )

    def session_kinds(self) -> tuple[str, ...]:
        is_partner = forms.is_partner(self.settings)
        return (session.LINK, session.PASTED) if is_partner else (session.PASTED,)

    def session_kind_of(self, credentials: Credentials) -> str:
        return session.kind_of(credentials, self.settings)

    def fields_of(self, kind: str) -> tuple[Field, ...]:
        if kind == session.LINK:
            return forms.LINK_FIELDS
        return forms.pasted_fields(self.settings)

    def validate_credentials(self, credentials: Mapping[str, object]) -> dict[str, str]:
        return forms.validate(credentials, self.settings)

    def number_of(self, credentials: Credentials) -> NumberRef:
        return forms.channel(credentials)

    def authenticate_webhook(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> None:
        signature.authenticate(raw, secrets, token_header=self._token_header)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return inbound.parse(body)

    def read_return(self, query: str) -> SessionReturn:
        return onboarding.read_return(query)

    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        line = self._line(credentials, http, "create_session")
        return session.open_session(line, wish)

    def check_credentials(self, credentials: Credentials, http: Http) -> SessionReport:
        return session.check(self._line(credentials, http, "check_credentials"))

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        line = self._line(credentials, http, "session_status")
        return session.status(line, session_id)

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        session.close(self._line(credentials, http, "close_session"))

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        line = self._line(credentials, http, "set_webhook")
        return webhook.configure(line, url, token_header=self._token_header)

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        line = self._line(credentials, http, "webhook_report")
        return webhook.report(line, token_header=self._token_header)

    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        self.check(message.content)
        return outbound.send(self._line(credentials, http, "send"), message)

    def mark_read(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        outbound.mark_read(self._line(credentials, http, "mark_read"), message)

    def show_typing(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        line = self._line(credentials, http, "show_typing")
        outbound.mark_read(line, message, is_typing=True)

    def upload_media(self, media: Media, credentials: Credentials, http: Http) -> str:
        self.check_upload(media)
        line = self._line(credentials, http, "upload_media")
        return outbound.upload(line, media.file)

    def fetch_media(
        self,
        media: MediaRef,
        credentials: Credentials,
        http: Http,
        *,
        into: BinaryIO,
        most: int,
    ) -> FetchedMedia:
        line = self._line(credentials, http, "fetch_media")
        return outbound.fetch(line, media, into=into, most=most)

    def list_templates(
        self, credentials: Credentials, http: Http
    ) -> list[TemplateReport]:
        return outbound.list_templates(self._line(credentials, http, "list_templates"))

    def create_template(
        self, draft: TemplateDraft, credentials: Credentials, http: Http
    ) -> TemplateReport:
        line = self._line(credentials, http, "create_template")
        return outbound.create_template(line, draft)

    def delete_template(self, name: str, credentials: Credentials, http: Http) -> None:
        outbound.delete_template(self._line(credentials, http, "delete_template"), name)

    @property
    def _token_header(self) -> str:
        return self.settings.get("token_header") or signature.TOKEN_HEADER

    def _line(self, credentials: Credentials, http: Http, operation: str) -> Line:
        return Line(credentials, http, self.settings, operation)
