"""Answering with a stored file: in pieces, from any place in it, and so that no browser runs it.

Whoever asks has been let in already. A file is shown only where the caller says that its type
is one that browsers do nothing with but draw or play; all others are saved.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag

from accounts.http import stream

_PIECE: Final = 128 * 1024
_LASTS: Final = 3600  # seconds in the browser of who asked, and nowhere else
_SAFETY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self';"
        " style-src 'unsafe-inline'; sandbox"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is to be answered with. `mark` tells one content from another."""

    key: str
    mime: str
    name: str
    mark: str
    is_shown: bool = False


class _NotThere(Exception):
    """A part was asked for that the file does not have."""


class _Away(Exception):
    """The storage does not answer now."""


def answer(request: HttpRequest, file: StoredFile) -> HttpResponse:
    """The file, or the part of it that is asked for; 404 when it is not in the storage."""
    etag = quote_etag(file.mark)
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        unchanged.headers["ETag"] = etag
        return unchanged
    try:
        content, size = _open(file)
    except _Away:
        away = HttpResponse(status=503, headers=_SAFETY)
        away.headers["Retry-After"] = "30"
        return away
    headers = _headers(file, etag)
    try:
        part = _part(request, size, etag)
    except _NotThere:
        content.close()
        refused = HttpResponse(status=416, headers=_SAFETY)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    first, last = part or (0, size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if part:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return stream(
        request,
        _pieces(content, first, last - first + 1),
        headers,
        status=206 if part else 200,
    )


def _open(file: StoredFile) -> tuple[IO[bytes], int]:
    try:
        content = default_storage.open(file.key)
        size = content.size
    except FileNotFoundError:
        logger.error("file missing", extra={"storage_key": file.key})  # noqa: TRY400  # a trace adds nothing
        raise Http404 from None
    except Exception as error:
        # Each storage has exceptions of its own; a player or a person tries again.
        logger.exception("storage away", extra={"storage_key": file.key})
        raise _Away from error
    return content, size


def _headers(file: StoredFile, etag: str) -> dict[str, str]:
    disposition = content_disposition_header(
        as_attachment=not file.is_shown, filename=file.name
    )
    return {
        **_SAFETY,
        "Content-Type": file.mime,
        "Content-Disposition": disposition or "attachment",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Cache-Control": f"private, max-age={_LASTS}",
        # It would be packed on the way, and then be of another length than was told.
        "Content-Encoding": "identity",
    }


def _part(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """First and last byte asked for; None for all of it, as for what we do not understand."""
    told = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if told is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = told.groups()
    if first:
        begin, end = int(first), min(int(last or size), size - 1)
        if last and int(last) < begin:
            return None
    elif last:
        begin, end = max(size - int(last), 0), size - 1
    else:
        return None
    if begin >= size or begin > end:
        raise _NotThere
    return begin, end


def _pieces(content: IO[bytes], first: int, length: int) -> Iterator[bytes]:
    with content:
        content.seek(first)
        while length > 0:
            piece = content.read(min(_PIECE, length))
            if not piece:
                return
            length -= len(piece)
            yield piece
