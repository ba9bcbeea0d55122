"""A QR code as SVG and as PNG: an address, for a page and for the printer. No I/O."""

import io
import struct
import zlib

import qrcode
import qrcode.image.svg

QUIET_ZONE = 4  # modules of white around the code, as the standard asks
PIXELS = 24  # per module: about 8 cm at 300 dpi, and sharp when made smaller


def svg(text: str) -> bytes:
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage)
    written = io.BytesIO()
    image.save(written)
    return written.getvalue()


def png(text: str) -> bytes:
    """One bit per pixel, dark on white."""
    code = qrcode.QRCode(border=QUIET_ZONE)
    code.add_data(text)
    rows = code.get_matrix()
    side = len(rows) * PIXELS
    lines = b"".join(_line(row) * PIXELS for row in rows)
    # Width and height, 1 bit per pixel, greyscale, and the one way of packing there is.
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _line(row: list[bool]) -> bytes:
    """A line of pixels behind the byte that says: not filtered. 24 pixels are 3 bytes."""
    return b"\0" + b"".join(
        (b"\x00" if is_dark else b"\xff") * (PIXELS // 8) for is_dark in row
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
