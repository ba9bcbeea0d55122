"""What a file is, read from its beginning to its end without holding it."""

import hashlib
from dataclasses import dataclass
from typing import IO, Final

from whatsapp import file_types

_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Examined:
    mime: str  # what it is; see file_types.settled
    size: int
    sha256: str


def examine(content: IO[bytes], *, told: str) -> Examined | None:
    """`told` is what somebody says that it is. None where it is empty."""
    content.seek(0)
    digest, size, head = hashlib.sha256(), 0, b""
    while piece := content.read(_PIECE):
        head = head or piece[: file_types.HEAD]
        digest.update(piece)
        size += len(piece)
    if not size:
        return None
    mime = file_types.settled(told, file_types.sniff(head))
    return Examined(mime=mime, size=size, sha256=digest.hexdigest())
