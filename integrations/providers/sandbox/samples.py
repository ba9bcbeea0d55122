"""What the sandbox's gateway has to show: templates in every state, and files of each kind.

The files are made here, byte by byte: small, real, and nobody's. Only the film was drawn by
a browser, since a codec is more than a page of code.
"""

import math
import struct
import zlib
from pathlib import Path
from typing import Final

from integrations.providers.base.types import Json, MessageKind

_FILM: Final = Path(__file__).with_name("film.webm")
PAGE: Final = 3  # templates; few, so that a list always has several pages


def _body(text: str, *examples: str) -> dict[str, Json]:
    told: dict[str, Json] = {"type": "BODY", "text": text}
    return {**told, "example": {"body_text": [list(examples)]}} if examples else told


def _template(
    number: int,
    name: str,
    language: str,
    category: str,
    *components: dict[str, Json],
    status: str = "APPROVED",
    reason: str = "NONE",
) -> dict[str, Json]:
    return {
        "id": f"sandbox-template-{number}",
        "name": name,
        "language": language,
        "category": category,
        "status": status,
        "rejected_reason": reason,
        "components": list(components),
    }


_TRACK: Final[dict[str, Json]] = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "URL", "text": "Acompanhar", "url": "https://example.com/p/{{1}}"}
    ],
}
TEMPLATES: Final[tuple[dict[str, Json], ...]] = (
    _template(
        1,
        "atualizacao_pedido",
        "pt_BR",
        "UTILITY",
        _body("Olá, {{1}}! Seu pedido {{2}} saiu para entrega.", "Ana", "1042"),
        _TRACK,
    ),
    _template(
        2,
        "atualizacao_pedido",
        "en",
        "UTILITY",
        _body("Hello {{1}}! Your order {{2}} is on its way.", "Ana", "1042"),
        _TRACK,
    ),
    _template(
        3,
        "novidade_da_semana",
        "pt_BR",
        "MARKETING",
        {"type": "HEADER", "format": "IMAGE"},
        _body("{{nome}}, chegou novidade na loja.", "Ana"),
        {"type": "FOOTER", "text": "Responda SAIR para não receber mais."},
    ),
    _template(
        4,
        "retomar_conversa",
        "pt_BR",
        "UTILITY",
        _body("Olá! Podemos continuar nossa conversa?"),
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Sim"},
                {"type": "QUICK_REPLY", "text": "Agora não"},
            ],
        },
    ),
    _template(
        5,
        "confirmar_visita",
        "pt_BR",
        "UTILITY",
        _body("Confirma a visita em {{1}}?", "12 de maio"),
        status="PENDING",
    ),
    _template(
        6,
        "super_oferta",
        "pt_BR",
        "UTILITY",
        _body("Só hoje: tudo pela metade do preço!"),
        status="REJECTED",
        reason="TAG_CONTENT_MISMATCH",
    ),
    _template(
        7,
        "pesquisa_antiga",
        "pt_BR",
        "MARKETING",
        _body("De 0 a 10, quanto você gostou?"),
        status="PAUSED",
    ),
)


def is_gone(media_id: str) -> bool:
    """Whether the customer's phone says of this file that it has expired already."""
    return media_id.startswith("gone-")


def file_of(kind: str) -> tuple[bytes, str] | None:
    """A file of this kind and its type; None of a kind that has none."""
    if kind == MessageKind.IMAGE:
        return picture(), "image/png"
    if kind == MessageKind.STICKER:
        return sticker(), "image/png"
    if kind == MessageKind.VIDEO:
        return _FILM.read_bytes(), "video/webm"
    if kind in {MessageKind.AUDIO, MessageKind.VOICE}:
        return sound(), "audio/wav"
    if kind == MessageKind.DOCUMENT:
        return document(), "application/pdf"
    return None


def picture(width: int = 320, height: int = 200) -> bytes:
    """A PNG: a sky that darkens downwards."""
    rows = b"".join(
        b"\0" + bytes((60 + row // 4, 120 + row // 3, 210 - row // 3)) * width
        for row in range(height)
    )
    return _png(width, height, rows, colour=2)


def sticker(side: int = 128) -> bytes:
    """A PNG: a sun, and nothing around it."""
    middle = (side - 1) / 2
    rows = b"".join(
        b"\0"
        + b"".join(
            b"\xf5\xb3\x2c\xff"
            if math.hypot(x - middle, y - middle) <= middle
            else b"\0\0\0\0"
            for x in range(side)
        )
        for y in range(side)
    )
    return _png(side, side, rows, colour=6)


def _png(width: int, height: int, rows: bytes, *, colour: int) -> bytes:
    """`colour` is 2 of three bytes a pixel, 6 with one more for how much it covers."""
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + _checksum(name + data)
        for name, data in chunks
    )


def _checksum(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def sound(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """A WAV: one quiet tone."""
    samples = b"".join(
        struct.pack("<h", round(6000 * math.sin(math.tau * 440 * at / rate)))
        for at in range(round(seconds * rate))
    )
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    parts = ((b"fmt ", form), (b"data", samples))
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(data)) + data for name, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def document() -> bytes:
    """A PDF of one page."""
    text = b"BT /F1 24 Tf 72 720 Td (Recado: sandbox) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%s"
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(written))
    )
