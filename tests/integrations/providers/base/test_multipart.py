"""A file goes up as a form that any server reads, whatever its name."""

from email.parser import BytesParser
from email.policy import HTTP

from integrations.providers.base import multipart
from integrations.providers.base.outgoing import OutgoingFile


def _read(body: bytes, content_type: str) -> dict[str, tuple[str, bytes]]:
    """By Python's own reader of such bodies."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_content_type(),
            bytes(part.get_payload(decode=True)),
        )
        for part in parts
    }


def test_fields_and_the_bytes_of_the_file_arrive_as_they_are() -> None:
    content = bytes(range(256)) + b"\r\n--boundary\r\n"
    file = OutgoingFile("image/png", "ação.png", content=content)

    body, content_type = multipart.form({"type": "image/png"}, file)

    told = _read(body, content_type)
    assert told["type"][1] == b"image/png"
    assert told["file"] == ("image/png", content)


def test_name_can_end_neither_its_quotes_nor_its_line() -> None:
    file = OutgoingFile("a/b\r\nX: y", 'a"\r\nX-Evil: 1\r\n.png', content=b"x")

    body, content_type = multipart.form({}, file)

    head = body.split(b"\r\n\r\n")[0].split(b"\r\n")
    assert len(head) == 3
    assert list(_read(body, content_type)) == ["file"]


def test_same_file_makes_the_same_bytes() -> None:
    file = OutgoingFile("image/png", content=b"x")

    assert multipart.form({"a": "b"}, file) == multipart.form({"a": "b"}, file)
