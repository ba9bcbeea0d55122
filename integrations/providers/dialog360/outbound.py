"""Sending, files and templates at 360dialog: Meta's own bodies at the number's own API."""

from typing import BinaryIO, Final
from urllib.parse import quote, urlsplit

from integrations.providers.base.errors import MediaGone, OutcomeUnknown, Refused
from integrations.providers.base.outgoing import (
    FetchedMedia,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    SendResult,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.templates import TemplateDraft, TemplateReport
from integrations.providers.base.types import MediaRef
from integrations.providers.cloud_payload import media as files
from integrations.providers.cloud_payload import outbound, templates
from integrations.providers.dialog360.line import Line

_PAGE: Final = 1000
_TEMPLATES: Final = "/v1/configs/templates"
_GONE: Final = frozenset({"100", "http_400", "http_404", "http_410"})


def send(line: Line, message: OutgoingMessage) -> SendResult:
    response = line.post("/messages", outbound.body_of(message))
    return outbound.result_of(response, line.error_of)


def mark_read(line: Line, message: MessageRef, *, is_typing: bool = False) -> None:
    response = line.post("/messages", outbound.read_body(message, is_typing=is_typing))
    outbound.check_done(response, line.error_of)


def upload(line: Line, file: OutgoingFile) -> str:
    answer = line.post_form("/media", files.upload_form(file))
    found = answer.find_identifier("id")
    if not found:
        raise OutcomeUnknown("no_media_id", "the file was taken without an id")
    return found


def fetch(line: Line, media: MediaRef, *, into: BinaryIO, most: int) -> FetchedMedia:
    """The address told is Meta's; the same path at the number's own API is ours to read.

    Twenty answers of an error within an hour lock a number's files for half an hour, so one
    that is gone is not asked for again.
    """
    try:
        node = line.ask_number("GET", f"/{quote(files.id_of(media), safe='')}")
    except Refused as error:
        if error.code in _GONE:
            raise MediaGone(error.code, error.detail) from None
        raise
    told = into.tell()
    line.fetch(_path_of(files.url_of(node)), into=into, most=most)
    return FetchedMedia(
        size=into.tell() - told,
        mime_type=node.find_text("mime_type", most=100) or media.mime_type or "",
        filename=media.filename or "",
    )


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def list_templates(line: Line) -> list[TemplateReport]:
    def ask(offset: str) -> Reader:
        query = f"limit={_PAGE}&offset={offset or 0}"
        return line.ask_number("GET", f"{_TEMPLATES}?{query}")

    return templates.read_pages(ask, items="waba_templates", following=_following)


def _following(page: Reader) -> str:
    """By counting: `total` is all there are, `offset` and what is listed how far we are."""
    total = page.find_size("total") or 0
    reached = (page.find_size("offset") or 0) + len(page.find_items("waba_templates"))
    return str(reached) if 0 < reached < total else ""


def create_template(line: Line, draft: TemplateDraft) -> TemplateReport:
    answer = line.ask_number("POST", _TEMPLATES, templates.draft_body(draft))
    return templates.created(draft, answer)


def delete_template(line: Line, name: str) -> None:
    line.ask_number("DELETE", f"{_TEMPLATES}/{quote(name, safe='')}")
