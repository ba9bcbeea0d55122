"""The wiring of `meta_cloud`; each operation lives in the module beside."""

from collections.abc import Mapping, Sequence
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
    Acknowledgement,
    Event,
    MediaRef,
    MessageLink,
    NumberRef,
    Party,
    RawRequest,
    SessionReport,
    SessionWish,
    WebhookReport,
)
from integrations.providers.cloud_payload.limits import LIMITS
from integrations.providers.meta_cloud import (
    catalogue,
    forms,
    inbound,
    links,
    outbound,
    session,
    signature,
    webhook,
)
from integrations.providers.meta_cloud.graph import Graph


class MetaCloudAdapter(Adapter):
    slug = "meta_cloud"
    label = "Meta Cloud API"
    about = _("Meta's own service, through an app of yours at Meta. Official.")
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
            Capability.TYPING,
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
            Capability.WEBHOOK_BY_API,
            Capability.MESSAGE_LINKS,
            Capability.CLIENT_MESSAGE_ID,
        }
    )
    fields = forms.FIELDS
    credential_fields = names(forms.FIELDS)
    secret_fields = secret_names(forms.FIELDS)
    sends = LIMITS
    errors = catalogue.ENTRIES
    redact_keys = frozenset(
        {"authorization", "access_token", "app_secret", "verify_token", "pin"}
        | {signature.HEADER, "appsecret_proof", "hub.verify_token"}
        # Our webhook URL, whose token opens the receiver, as Meta repeats it.
        | {"override_callback_uri", "callback_url", "webhook_configuration"}
    )

    key_pattern = r"EAA[A-Za-z0-9]{20,}"
    webhook_events = webhook.NEEDED
    message_link_text = links.LONGEST_TEXT

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

    def check_credentials(self, credentials: Credentials, http: Http) -> SessionReport:
        graph = self._graph(credentials, http, "check_credentials")
        report = session.open_session(graph)
        webhook.check_app(graph)
        return report

    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        return session.open_session(self._graph(credentials, http, "create_session"))

    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport:
        return session.probe(self._graph(credentials, http, "session_status"))

    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """Pasted keys open nothing at Meta; see session.py."""

    def remove_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        webhook.unsubscribe(self._graph(credentials, http, "remove_session"))

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        return webhook.subscribe(self._graph(credentials, http, "set_webhook"), url)

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        return webhook.report(self._graph(credentials, http, "webhook_report"))

    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        self.check(message.content)
        return outbound.send(self._graph(credentials, http, "send"), message)

    def mark_read(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        outbound.mark_read(self._graph(credentials, http, "mark_read"), message)

    def show_typing(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        graph = self._graph(credentials, http, "show_typing")
        outbound.mark_read(graph, message, is_typing=True)

    def upload_media(self, media: Media, credentials: Credentials, http: Http) -> str:
        self.check_upload(media)
        graph = self._graph(credentials, http, "upload_media")
        return outbound.upload(graph, media.file)

    def fetch_media(
        self,
        media: MediaRef,
        credentials: Credentials,
        http: Http,
        *,
        into: BinaryIO,
        most: int,
    ) -> FetchedMedia:
        graph = self._graph(credentials, http, "fetch_media")
        return outbound.fetch(graph, media, into=into, most=most)

    def list_templates(
        self, credentials: Credentials, http: Http
    ) -> list[TemplateReport]:
        return outbound.list_templates(self._graph(credentials, http, "list_templates"))

    def create_template(
        self, draft: TemplateDraft, credentials: Credentials, http: Http
    ) -> TemplateReport:
        graph = self._graph(credentials, http, "create_template")
        return outbound.create_template(graph, draft)

    def edit_template(
        self,
        external_id: str,
        draft: TemplateDraft,
        credentials: Credentials,
        http: Http,
    ) -> TemplateReport:
        graph = self._graph(credentials, http, "edit_template")
        return outbound.edit_template(graph, external_id, draft)

    def delete_template(self, name: str, credentials: Credentials, http: Http) -> None:
        outbound.delete_template(
            self._graph(credentials, http, "delete_template"), name
        )

    def create_message_link(
        self, text: str, credentials: Credentials, http: Http
    ) -> MessageLink:
        return links.create(self._graph(credentials, http, "create_message_link"), text)

    def list_message_links(
        self, credentials: Credentials, http: Http
    ) -> list[MessageLink]:
        return links.list_all(self._graph(credentials, http, "list_message_links"))

    def delete_message_link(
        self, external_id: str, credentials: Credentials, http: Http
    ) -> None:
        graph = self._graph(credentials, http, "delete_message_link")
        links.delete(graph, external_id)

    def _graph(self, credentials: Credentials, http: Http, operation: str) -> Graph:
        return Graph(credentials, http, self.settings, operation)
