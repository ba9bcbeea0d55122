"""Sending, files and templates at Meta: the Cloud API dialect over Graph."""

from dataclasses import replace
from typing import BinaryIO

from integrations.providers.base.errors import MediaGone, NumberUnknown
from integrations.providers.base.outgoing import (
    FetchedMedia,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.sending import message_id
from integrations.providers.base.templates import TemplateDraft, TemplateReport
from integrations.providers.base.types import MediaRef
from integrations.providers.cloud_payload import media as files
from integrations.providers.cloud_payload import outbound, templates
from integrations.providers.meta_cloud.graph import Graph, following

_FIELDS = "id,name,language,status,category,components,rejected_reason,quality_score"


def send(graph: Graph, message: OutgoingMessage) -> SendResult:
    body = outbound.body_of(message)
    response = graph.post(graph.number_id, "messages", body=body)
    return outbound.result_of(response, graph.error_of)


def mark_read(graph: Graph, message: MessageRef, *, is_typing: bool = False) -> None:
    body = outbound.read_body(message, is_typing=is_typing)
    response = graph.post(graph.number_id, "messages", body=body)
    outbound.check_done(response, graph.error_of)


def upload(graph: Graph, file: OutgoingFile) -> str:
    form = files.upload_form(file)
    answer = graph.post_form(graph.number_id, "media", form=form)
    return message_id(answer.find_identifier("id"))


def fetch(graph: Graph, media: MediaRef, *, into: BinaryIO, most: int) -> FetchedMedia:
    """Two steps: the node of the file tells an address that is good for five minutes."""
    number = {"phone_number_id": graph.number_id}
    try:
        node = graph.ask("GET", files.id_of(media), query=number)
    except (
        NumberUnknown
    ) as error:  # Meta's word for any id that is not there (any more)
        raise MediaGone(error.code, error.detail) from None
    told = into.tell()
    graph.fetch(files.url_of(node), into=into, most=most)
    return FetchedMedia(
        size=into.tell() - told,
        mime_type=node.find_text("mime_type", most=100) or media.mime_type or "",
        filename=media.filename or "",
    )


def list_templates(graph: Graph) -> list[TemplateReport]:
    def ask(after: str) -> Reader:
        return graph.ask(
            "GET",
            graph.account_id,
            "message_templates",
            fields=_FIELDS,
            limit=templates.PAGE,
            query={"after": after},
        )

    return templates.read_pages(ask, items="data", following=following)


def create_template(graph: Graph, draft: TemplateDraft) -> TemplateReport:
    body = templates.draft_body(draft)
    answer = graph.ask("POST", graph.account_id, "message_templates", body=body)
    return templates.created(draft, answer)


def edit_template(
    graph: Graph, external_id: str, draft: TemplateDraft
) -> TemplateReport:
    """Meta answers with no more than that it was taken; it is reviewed anew then."""
    told = templates.draft_body(draft)
    body = {name: told[name] for name in ("category", "components")}
    graph.ask("POST", external_id, body=body)
    return replace(templates.created(draft, Reader({})), external_id=external_id)


def delete_template(graph: Graph, name: str) -> None:
    graph.ask("DELETE", graph.account_id, "message_templates", query={"name": name})
