"""Files as people send them, and as people who mean harm do."""

import io
import struct
import zlib

from PIL import Image

GPS = "Rua que ninguém deve saber"


def jpeg(width: int = 64, height: int = 48, *, rotated: bool = False) -> bytes:
    """With where it was taken, in its metadata."""
    picture = Image.new("RGB", (width, height), (200, 60, 60))
    exif = Image.Exif()
    exif[0x010E] = GPS
    if rotated:
        exif[0x0112] = 6  # the camera was held upright
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def png(width: int = 64, height: int = 48, *, mode: str = "RGBA") -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, "PNG")
    return written.getvalue()


def webp(width: int = 64, height: int = 64) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", (width, height), (0, 90, 200, 120)).save(written, "WEBP")
    return written.getvalue()


def huge_png(side: int = 40_000) -> bytes:
    """Some kilobytes that become gigabytes: a bomb."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (side + 1) * 40, 9)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def gif_that_is_a_script() -> bytes:
    """A polyglot: a picture to one reader, a script to another."""
    return b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(document.domain)//;"


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
OGG = b"OggS\0\x02" + b"\0" * 22 + b"\x01\x13OpusHead\x01\x01" + b"\0" * 200
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 400
