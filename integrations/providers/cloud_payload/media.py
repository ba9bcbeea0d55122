"""Files at the Cloud API: brought there as a form, told about by id, fetched by a short-lived URL."""

from typing import Final

from integrations.providers.base import multipart
from integrations.providers.base.errors import MediaGone
from integrations.providers.base.outgoing import OutgoingFile
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import MediaRef

# Fetching a file that is gone, over and over, gets a number blocked for half an hour.
GONE: Final = frozenset({400, 403, 404, 410})


def upload_form(file: OutgoingFile) -> tuple[bytes, str]:
    """The body and its content type."""
    fields = {"messaging_product": "whatsapp", "type": file.mime_type}
    return multipart.form(fields, file)


def id_of(media: MediaRef) -> str:
    if not media.external_id:
        raise MediaGone("no_media_id", "nothing tells which file it is")
    return media.external_id


def url_of(node: Reader) -> str:
    """Good for five minutes."""
    url = node.find_text("url")
    if not url:
        raise MediaGone("no_media_url", "there is no address to fetch it from")
    return url
