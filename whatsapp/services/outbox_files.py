"""The file of a message, brought to the provider in the way that it wants.

Runs in the threads of a drain: it reads the storage and asks the provider, no database.
"""

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import Final

from django.core.files.storage import default_storage

from integrations.gateway import Line
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import (
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from integrations.providers.base.outgoing import Media, OutgoingMessage
from whatsapp import file_links
from whatsapp.file_links import LinkedFile

LARGE: Final = 4 * 1024 * 1024
# A drain sends through many threads, and a file that is uploaded is in memory.
_LARGE_ONES: Final = threading.BoundedSemaphore(3)


class StorageAway(Unavailable):
    """Our own storage does not give the file now: nothing was sent, and no provider is ill."""


def attach(message: OutgoingMessage, storage_key: str, line: Line) -> OutgoingMessage:
    """The message with its file where the provider finds it; others as they are.

    An upload that ended in doubt did not send anything: it is done again. Bytes within the
    message come before a link, which only a server that reaches ours can follow.
    """
    content = message.content
    if not isinstance(content, Media) or content.file.external_id or content.file.url:
        return message
    if not storage_key:
        raise Refused("file_missing")
    if not line.adapter.capabilities & {
        Capability.MEDIA_UPLOAD,
        Capability.MEDIA_INLINE,
    }:
        return _linked(message, content, storage_key)
    is_large = content.file.size > LARGE
    with _LARGE_ONES if is_large else nullcontext():
        return replace(message, content=_held(content, storage_key, line))


def _held(content: Media, storage_key: str, line: Line) -> Media:
    """With its bytes, or with the id of what was uploaded."""
    try:
        with default_storage.open(storage_key) as stored:
            file = replace(content.file, content=stored.read())
    except (FileNotFoundError, ValueError):
        raise Refused("file_missing") from None
    except Exception as error:  # noqa: BLE001  # each storage has exceptions of its own
        raise StorageAway("storage_failed", type(error).__name__) from None
    held = replace(content, file=file)
    if Capability.MEDIA_UPLOAD not in line.adapter.capabilities:
        return held
    try:
        id_ = line.adapter.upload_media(held, line.credentials, line.http)
    except OutcomeUnknown as error:
        raise Unavailable(error.code, error.detail) from None
    return replace(content, file=replace(content.file, external_id=id_))


def _linked(message: OutgoingMessage, content: Media, key: str) -> OutgoingMessage:
    file = content.file
    url = file_links.write(LinkedFile(key, file.mime_type, file.filename))
    return replace(message, content=replace(content, file=replace(file, url=url)))
