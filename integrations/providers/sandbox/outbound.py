"""Sending through the sandbox's gateway: our own words, as `base/outgoing_json.py` writes them.

The simulated phone takes any message. Words in its text make it do otherwise: see
`behaviour.py`.
"""

from typing import BinaryIO, Final
from urllib.parse import quote

from integrations.providers.base.adapter import HttpResponse
from integrations.providers.base.errors import (
    ContentRefused,
    MediaGone,
    ProviderError,
)
from integrations.providers.base.outgoing import (
    FetchedMedia,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.outgoing_json import dump_content
from integrations.providers.base.sending import (
    is_success,
    message_id,
    read_answer,
    verdict,
)
from integrations.providers.base.templates import TemplateDraft, TemplateReport
from integrations.providers.base.types import Json, MediaRef, Party
from integrations.providers.cloud_payload import templates
from integrations.providers.sandbox.api import Gateway

_GONE: Final = frozenset({404, 410})


def send(gateway: Gateway, message: OutgoingMessage) -> SendResult:
    response = gateway.request("POST", "messages", json=body_of(message))
    if not is_success(response):
        raise _error_of(gateway, response)
    answer = read_answer(response)
    return SendResult(
        external_id=message_id(answer.find_identifier("id")),
        wa_id=message.recipient.wa_id,
        bsuid=message.recipient.bsuid,
    )


def body_of(message: OutgoingMessage) -> dict[str, Json]:
    body: dict[str, Json] = {
        "to": _address(message.recipient),
        "message": dump_content(message.content),
    }
    if message.reply_to is not None:
        body["reply_to"] = message.reply_to.external_id
    if message.callback_token:
        body["callback_token"] = message.callback_token
    return body


def _address(person: Party) -> dict[str, Json]:
    told = {"wa_id": person.wa_id, "bsuid": person.bsuid, "lid": person.lid}
    if not any(told.values()):
        raise ContentRefused("recipient_missing", field="recipient")
    return {name: value for name, value in told.items() if value}


def _error_of(gateway: Gateway, response: HttpResponse) -> ProviderError:
    return verdict(gateway.error_of(response), response)


def mark_read(gateway: Gateway, message: MessageRef) -> None:
    gateway.ask("POST", "read", json={"message_id": message.external_id})


def upload(gateway: Gateway, file: OutgoingFile) -> str:
    response = gateway.request(
        "POST", "media", content=file.content, content_type=file.mime_type
    )
    if not is_success(response):
        raise gateway.error_of(response)
    return message_id(read_answer(response).find_identifier("id"))


def fetch(
    gateway: Gateway, media: MediaRef, *, into: BinaryIO, most: int
) -> FetchedMedia:
    if not media.external_id:
        raise MediaGone("no_media_id", "nothing tells which file it is")
    told = into.tell()
    kind = quote(media.kind.value, safe="")
    path = f"media/{quote(media.external_id, safe='')}/{kind}"
    response = gateway.request("GET", path, into=into, most=most)
    if response.status_code in _GONE:
        raise MediaGone(f"http_{response.status_code}", "the phone has no such file")
    if not is_success(response):
        raise gateway.error_of(response)
    content_type = response.headers.get("content-type", "")
    return FetchedMedia(
        size=into.tell() - told,
        mime_type=content_type[:100] or media.mime_type or "",
        filename=media.filename or "",
    )


def list_templates(gateway: Gateway) -> list[TemplateReport]:
    return templates.read_pages(
        lambda after: gateway.ask("GET", "templates", query=after),
        items="data",
        following=lambda page: page.find_text("after", most=60) or "",
    )


def create_template(gateway: Gateway, draft: TemplateDraft) -> TemplateReport:
    answer = gateway.ask("POST", "templates", json=templates.draft_body(draft))
    return templates.created(draft, answer)


def edit_template(
    gateway: Gateway, external_id: str, draft: TemplateDraft
) -> TemplateReport:
    path = f"templates/{quote(external_id, safe='')}"
    answer = gateway.ask("POST", path, json=templates.draft_body(draft))
    return templates.created(draft, answer)


def delete_template(gateway: Gateway, name: str) -> None:
    gateway.ask("DELETE", f"templates/{quote(name, safe='')}")
