"""The contract: what the gateway may ask of any provider."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, ClassVar, Protocol

from integrations.providers.base.capabilities import Capability
from integrations.providers.base.catalogue import Entry
from integrations.providers.base.credentials import PHONE, Field, place_in
from integrations.providers.base.errors import ContentRefused, Unsupported
from integrations.providers.base.limits import Limits, check, check_file
from integrations.providers.base.outgoing import (
    Content,
    FetchedMedia,
    Media,
    MessageRef,
    OutgoingMessage,
    SendResult,
    kind_of,
)
from integrations.providers.base.templates import TemplateDraft, TemplateReport
from integrations.providers.base.types import (
    Acknowledgement,
    Event,
    MediaRef,
    MessageKind,
    MessageLink,
    NumberRef,
    Party,
    RawRequest,
    SessionReport,
    SessionReturn,
    SessionWish,
    WebhookReport,
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
        follow_redirects: bool = False,
        into: BinaryIO | None = None,
        most: int | None = None,
    ) -> HttpResponse:
        """`into` takes the body of a success, at most `most` bytes of it."""


class Adapter(ABC):
    """One provider. An instance holds no state but the installation's settings for it.

    `fields` are what an admin fills in, and what sessions grant; `credential_fields` are
    their names; `secret_fields` are those that are never shown again. `redact_keys` are JSON keys and header names (lower case) whose
    values never reach a log. `webhook_headers` are the request headers kept with a raw
    webhook, lower case; no proof is among them, since a stored request was proven.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    about: ClassVar[str] = ""  # what it is, in a sentence: an English message id
    capabilities: ClassVar[frozenset[Capability]]
    fields: ClassVar[tuple[Field, ...]] = ()
    credential_fields: ClassVar[tuple[str, ...]]
    secret_fields: ClassVar[frozenset[str]]
    redact_keys: ClassVar[frozenset[str]]
    webhook_headers: ClassVar[frozenset[str]] = frozenset(
        {"content-type", "user-agent"}
    )
    sends: ClassVar[Mapping[MessageKind, Limits]] = {}  # what it can send, and how much
    errors: ClassVar[
        Mapping[str, Entry]
    ] = {}  # its codes, for people: see catalogue.py
    session_kind: ClassVar[str] = (
        "credentials"  # the one of most; see session_kind_of()
    )
    # What a key of this provider looks like, where it cannot be another's.
    key_pattern: ClassVar[str] = ""
    # Whether its phones are made up: such a number is not the real one that looks like it.
    is_simulated: ClassVar[bool] = False
    # Characters of a message link's text; 0 where there are no such links.
    message_link_text: ClassVar[int] = 0
    # The kinds of event that somebody who sets the webhook by hand has to subscribe to.
    webhook_events: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings

    # --- the ways in ----------------------------------------------------------
    def session_kinds(self) -> tuple[str, ...]:
        """The ways in that this installation can offer, the easiest first."""
        return (self.session_kind,)

    def session_kind_of(self, credentials: Credentials) -> str:
        """Which way in these credentials take."""
        return self.session_kind

    def is_key(self, value: str) -> bool:
        """Whether a value can be nothing but a key of this provider."""
        return bool(self.key_pattern and re.fullmatch(self.key_pattern, value))

    def fields_of(self, kind: str) -> tuple[Field, ...]:
        """What an admin fills in for a session of this kind."""
        return tuple(field for field in self.fields if not field.is_granted)

    def may_enter(self, kind: str) -> bool:
        """Whether a person can enter other credentials for a number that has a session of
        this kind: its phone number stays the same."""
        return any(field.pattern != PHONE for field in self.fields_of(kind))

    def place_of(self, credentials: Credentials) -> str:
        """Where the session of these credentials lives, where that is not the number itself.

        Of two numbers in one place, each would end the other's session. Empty for none.
        """
        return place_in(self.fields, credentials)

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

    def without_secrets(self, body: bytes) -> bytes:
        """The body as it may be stored; some gateways put their keys into it.

        On the receiver's way: one pass over the bytes, and every other byte stays.
        """
        return body

    def handshake(
        self, raw: RawRequest, secrets: Sequence[Credentials]
    ) -> Acknowledgement:
        """Answer the provider's GET that confirms a webhook URL, or raise SignatureInvalid."""
        raise Unsupported(self.slug, Capability.HANDSHAKE)

    def acknowledge(self, raw: RawRequest) -> Acknowledgement:
        return Acknowledgement()

    # --- the session ----------------------------------------------------------
    def check_credentials(self, credentials: Credentials, http: Http) -> SessionReport:
        """Whether credentials that nobody keeps yet open what they should. Changes nothing.

        Where an admin also tells an address, what answers there must be this provider.
        """
        return self.session_status("", credentials, http)

    @abstractmethod
    def create_session(
        self, credentials: Credentials, http: Http, wish: SessionWish
    ) -> SessionReport:
        """Open a session, or tell how the one that is open stands: safe to ask twice."""

    @abstractmethod
    def session_status(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> SessionReport: ...

    @abstractmethod
    def close_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """Disconnect the number; nothing when it is disconnected already.

        A session that serves another number is not ours to end, and stays as it is.
        """

    def evict_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """Disconnect whoever took the code that we had shown, another number as well."""
        self.close_session(session_id, credentials, http)

    def remove_session(
        self, session_id: str, credentials: Credentials, http: Http
    ) -> None:
        """Leave nothing of ours at the provider; by default that is disconnecting.

        As there, what serves another number stays.
        """
        self.close_session(session_id, credentials, http)

    def read_return(self, query: str) -> SessionReturn:
        """What a browser brought back from the link of a session. Pure and total.

        The caller compares `state` and uses it up; session_status() of its `external_id`
        then asks the provider whether the rest is so.
        """
        raise Unsupported(self.slug, Capability.EXTERNAL_LINK)

    def set_webhook(
        self, url: str, credentials: Credentials, http: Http
    ) -> WebhookReport:
        """Let the provider post to `url` whatever we need, and read back what it keeps."""
        raise Unsupported(self.slug, Capability.WEBHOOK_BY_API)

    def webhook_report(self, credentials: Credentials, http: Http) -> WebhookReport:
        raise Unsupported(self.slug, Capability.WEBHOOK_BY_API)

    # --- short links that the provider keeps ----------------------------------
    def create_message_link(
        self, text: str, credentials: Credentials, http: Http
    ) -> MessageLink:
        raise Unsupported(self.slug, Capability.MESSAGE_LINKS)

    def list_message_links(
        self, credentials: Credentials, http: Http
    ) -> list[MessageLink]:
        raise Unsupported(self.slug, Capability.MESSAGE_LINKS)

    def delete_message_link(
        self, external_id: str, credentials: Credentials, http: Http
    ) -> None:
        """Nothing when it is gone already."""
        raise Unsupported(self.slug, Capability.MESSAGE_LINKS)

    # --- sending --------------------------------------------------------------
    def limits_of(self, kind: MessageKind) -> Limits | None:
        """What a message of this kind may hold; None when this provider cannot send it."""
        return self.sends.get(kind)

    def check(self, content: Content) -> None:
        """Whether this can be sent, before anything is: raises ContentRefused or Unsupported."""
        kind = kind_of(content)
        limits = self.limits_of(kind)
        if limits is None:
            raise Unsupported(self.slug, f"{Capability.SEND} of {kind}")
        ways = {
            name
            for capability, name in _WAYS.items()
            if capability in self.capabilities
        }
        check(content, limits, ways=ways)

    def check_upload(self, media: Media) -> None:
        """As check(), for the bytes of a file that goes before its message."""
        limits = self.limits_of(media.kind)
        if limits is None:
            raise Unsupported(self.slug, f"{Capability.MEDIA_UPLOAD} of {media.kind}")
        if not media.file.content:
            raise ContentRefused("file_missing", field="file")
        check_file(media.file, limits)

    def send(
        self, message: OutgoingMessage, credentials: Credentials, http: Http
    ) -> SendResult:
        """Send once. What may have been acted on raises OutcomeUnknown: see sending.py.

        Begins with check(), so that nothing leaves which cannot arrive.
        """
        raise Unsupported(self.slug, Capability.SEND)

    def find_person(
        self, phone: str, credentials: Credentials, http: Http
    ) -> Party | None:
        """Who has this number (digits) on WhatsApp, as messages must name them; else None.

        The address may differ from the number: in Brazil by the ninth digit.
        """
        raise Unsupported(self.slug, Capability.NUMBER_CHECK)

    def find_by_lid(
        self, lid: str, credentials: Credentials, http: Http
    ) -> Party | None:
        """Who hides behind this id ("123@lid"), with their phone; None while it is not known."""
        raise Unsupported(self.slug, Capability.LID_LOOKUP)

    def find_message(
        self, callback_token: str, credentials: Credentials, http: Http
    ) -> SendResult | None:
        """What became of a send whose outcome is unknown; None when it never arrived."""
        raise Unsupported(self.slug, Capability.MESSAGE_LOOKUP)

    def mark_read(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        """Show the person that we have read their message, and what came before it."""
        raise Unsupported(self.slug, Capability.MARK_READ)

    def show_typing(
        self, message: MessageRef, peer: Party, credentials: Credentials, http: Http
    ) -> None:
        """Let the person see that somebody writes, for some seconds, in answer to `message`."""
        raise Unsupported(self.slug, Capability.TYPING)

    # --- files ----------------------------------------------------------------
    def upload_media(self, media: Media, credentials: Credentials, http: Http) -> str:
        """Bring a file's `content` to the provider; the id is for OutgoingFile.external_id.

        Begins with check_upload().
        """
        raise Unsupported(self.slug, Capability.MEDIA_UPLOAD)

    def fetch_media(
        self,
        media: MediaRef,
        credentials: Credentials,
        http: Http,
        *,
        into: BinaryIO,
        most: int,
    ) -> FetchedMedia:
        """Write a received file into `into`; MediaGone when there is none any more.

        More than `most` bytes end in OutcomeUnknown("answer_too_large").
        """
        raise Unsupported(self.slug, Capability.MEDIA_FETCH)

    # --- templates ------------------------------------------------------------
    def list_templates(
        self, credentials: Credentials, http: Http
    ) -> list[TemplateReport]:
        """Every template in every language and state, all pages of them."""
        raise Unsupported(self.slug, Capability.TEMPLATES)

    def create_template(
        self, draft: TemplateDraft, credentials: Credentials, http: Http
    ) -> TemplateReport:
        """Make a template and submit it for approval."""
        raise Unsupported(self.slug, Capability.TEMPLATE_WRITE)

    def edit_template(
        self,
        external_id: str,
        draft: TemplateDraft,
        credentials: Credentials,
        http: Http,
    ) -> TemplateReport:
        """Give a template other contents, and submit it again; name and language stay."""
        raise Unsupported(self.slug, Capability.TEMPLATE_EDIT)

    def delete_template(self, name: str, credentials: Credentials, http: Http) -> None:
        """In all its languages. Refused when there is none of this name."""
        raise Unsupported(self.slug, Capability.TEMPLATE_WRITE)


_WAYS = {
    Capability.MEDIA_UPLOAD: "external_id",
    Capability.MEDIA_LINK: "url",
    Capability.MEDIA_INLINE: "content",
}
