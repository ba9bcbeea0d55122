"""Files of an answer: what they are, whether the provider takes them, and where they rest.

read() → keep() → replies.reply() and own(): files are in the storage before their message is
promised, and belong to it in the very transaction of the promise. What is kept and never
owned is removed by the sweep.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.keys import new_key
from accounts.scoping import inside
from integrations import sendable
from integrations.providers.base.errors import ContentRefused, Unsupported
from integrations.providers.base.outgoing import Content, Media, OutgoingFile, Text
from integrations.providers.base.types import MessageKind
from whatsapp import queue
from whatsapp.file_names import safe_name
from whatsapp.file_types import PICTURES
from whatsapp.models import MediaAsset, MediaState
from whatsapp.services import file_store
from whatsapp.services.examining import Examined, examine
from whatsapp.services.outbox import Promise

Upload: TypeAlias = "UploadedFile[Any]"  # generic in the stubs alone
MOST_FILES: Final = 10  # of one answer
# What a file goes as where the provider takes its type so; any other is a document.
_FAMILIES: Final = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
}
KINDS: Final = (*_FAMILIES.values(), MessageKind.DOCUMENT)
EMPTY: Final = "empty"
TOO_MANY: Final = "too_many_files"
STORAGE_AWAY: Final = "storage_failed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot go; `reason` is a word, `most` the limit in bytes that was passed."""

    name: str
    reason: str
    kind: str = ""
    most: int | None = None


class Unfit(ValueError):
    """Some of the files cannot go, so none of them does."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(one.reason for one in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that may go."""

    upload: Upload
    kind: MessageKind
    name: str
    found: Examined

    def content(self, caption: str = "") -> Media:
        file = OutgoingFile(self.found.mime, filename=self.name, size=self.found.size)
        return Media(self.kind, file, caption=caption)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the storage, with the key of the row that will own it."""

    attached: Attached
    key: uuid.UUID
    storage_key: str


def read(
    provider: str, uploads: Sequence[Upload], *, as_documents: bool = False
) -> list[Attached]:
    """What these files are and go as, or Unfit with a reason for each that cannot."""
    if len(uploads) > MOST_FILES:
        raise Unfit([Problem(uploads[MOST_FILES].name or "", TOO_MANY)])
    attached: list[Attached] = []
    problems: list[Problem] = []
    for upload in uploads:
        try:
            attached.append(_read(provider, upload, as_documents=as_documents))
        except Unfit as unfit:
            problems += unfit.problems
    if problems:
        raise Unfit(problems)
    return attached


def _read(provider: str, upload: Upload, *, as_documents: bool) -> Attached:
    found = examine(upload, told=upload.content_type or "")
    shown = upload.name or ""
    if found is None:
        raise Unfit([Problem(shown, EMPTY)])
    kind = _kind_of(provider, found.mime, as_document=as_documents)
    name = safe_name(shown, mime=found.mime, fallback="file")
    attached = Attached(upload, kind, name, found)
    try:
        sendable.check(provider, attached.content())
    except ContentRefused as error:
        raise Unfit([Problem(shown, error.code, kind, error.most)]) from None
    except Unsupported as error:
        raise Unfit([Problem(shown, error.code, kind)]) from None
    return attached


def _kind_of(provider: str, mime: str, *, as_document: bool) -> MessageKind:
    kind = _FAMILIES.get(mime.partition("/")[0])
    if kind is None or as_document:
        return MessageKind.DOCUMENT
    limits = sendable.limits_of(provider, kind)
    is_taken = limits and (not limits.mime_types or mime in limits.mime_types)
    return kind if is_taken else MessageKind.DOCUMENT


def contents_of(
    provider: str, attached: Sequence[Attached], text: str
) -> list[Content]:
    """The messages of an answer in their order: the text is the first file's caption.

    Where that can have none the text goes before it, as a message of its own.
    """
    if not attached:
        return []
    limits = sendable.limits_of(provider, attached[0].kind)
    most = limits.text if limits else None
    has_caption = bool(text) and (most is None or len(text) <= most)
    first = attached[0].content(text if has_caption else "")
    rest = [one.content() for one in attached[1:]]
    before = [Text(text, has_preview=True)] if text and not has_caption else []
    return [*before, first, *rest]


def keep(
    workspace_id: int, attached: Sequence[Attached], *, now: datetime
) -> list[Kept]:
    """Put files into the storage; Unfit when that fails. Call it outside of transactions."""
    kept = []
    for one in attached:
        key = new_key()
        place = file_store.place_of(workspace_id, key)
        kept.append(Kept(one, key, f"{place}/{uuid.uuid4().hex[:12]}-file"))
    with transaction.atomic(durable=True):
        file_store.announce([file.storage_key for file in kept], now=now)
    for file in kept:
        try:
            file_store.save(file.storage_key, file.attached.upload)
        except file_store.StoreFailed:
            let_go(kept, now=now)
            problem = Problem(file.attached.upload.name or "", STORAGE_AWAY)
            raise Unfit([problem]) from None
    return kept


def own(
    workspace_id: int,
    promises: Sequence[Promise],
    kept: Sequence[Kept],
    *,
    now: datetime,
) -> None:
    """Give files to their messages, the last of `promises`, in the same transaction.

    A form that was sent twice has its files already.
    """
    pairs = list(zip(promises[-len(kept) :], kept, strict=True))
    fresh = [(promise, one) for promise, one in pairs if promise.is_new]
    with inside(workspace_id):
        MediaAsset.objects.bulk_create(
            MediaAsset(
                workspace_id=workspace_id,
                key=one.key,
                message_id=promise.message_id,
                kind=one.attached.kind,
                mime_told=one.attached.found.mime,
                mime_sniffed=one.attached.found.mime,
                filename=one.attached.name,
                size=one.attached.found.size,
                sha256=one.attached.found.sha256,
                state=_state_of(one.attached),
                storage_key=one.storage_key,
                next_at=now,
                created_at=now,
            )
            for promise, one in fresh
        )
        file_store.adopt([one.storage_key for _, one in fresh])
        queue.fetch_after_commit()
    again = [one for promise, one in pairs if not promise.is_new]
    let_go(again, now=now)


def _state_of(attached: Attached) -> MediaState:
    """A picture waits for its preview, which a worker makes; it is sent meanwhile."""
    is_drawn = attached.kind == MessageKind.IMAGE and attached.found.mime in PICTURES
    return MediaState.PENDING if is_drawn else MediaState.STORED


def let_go(kept: Sequence[Kept], *, now: datetime) -> None:
    """These will not be sent: the sweep removes them."""
    file_store.release([one.storage_key for one in kept], now=now)
