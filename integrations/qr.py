"""A QR code as SVG and as PNG: what a phone scans, for a page and for the printer. No I/O."""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import groupby

import qrcode
import qrcode.image.svg

QUIET_ZONE = 4  # modules of white around the code, as the standard asks
PIXELS = 24  # per module: about 8 cm at 300 dpi, and sharp when made smaller


def svg(text: str) -> bytes:
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage)
    written = io.BytesIO()
    image.save(written)
    return written.getvalue()


# Which of the eight is best takes longer to find out than all the rest; a code that lives
# for seconds and holds what looks like chance is read as well with any of them.
QUICK_MASK = 3


def inline(text: str) -> str:
    """The drawing alone, for a page that says beside it what it is. Dark on nothing.

    Somebody waits for it: neighbours of a row are one step of the path.
    """
    code = qrcode.QRCode(border=QUIET_ZONE, mask_pattern=QUICK_MASK)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(
        f"M{start} {y}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    )
    side = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where dark modules that stand side by side begin, and how many they are."""
    place = 0
    for is_dark, run in groupby(row):
        length = len(list(run))
        if is_dark:
            yield place, length
        place += length


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
