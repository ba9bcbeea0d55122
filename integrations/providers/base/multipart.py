"""A file as a form upload: the same bytes each time, so that a test can compare them."""

import hashlib
from collections.abc import Mapping

from integrations.providers.base.outgoing import OutgoingFile


def form(fields: Mapping[str, str], file: OutgoingFile) -> tuple[bytes, str]:
    """The body and its content type; the file comes last, as `file`."""
    boundary = hashlib.sha256(file.content).hexdigest()[:32]
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{_quoted(file.filename or "file")}"\r\n'
        f"Content-Type: {_plain(file.mime_type)}\r\n\r\n"
    )
    body = b"".join(
        (
            "".join(parts).encode(),
            head.encode(),
            file.content,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
    return body, f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    """As browsers write it: a name can end neither the quotes nor the line."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _plain(mime_type: str) -> str:
    return mime_type.replace("\r", "").replace("\n", "")
