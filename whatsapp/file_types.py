"""What a file is by its first bytes, and what a browser may do with it. Pure.

A table of our own: the libraries for it know hundreds of kinds by weak marks (one of two
bytes makes a program of a note), want their whole file in memory, or are no longer kept;
here a kind that is not known for sure is only ever downloaded.
"""

import re
from typing import Final

HEAD: Final = 4096  # bytes that sniff() wants to see
UNKNOWN: Final = "application/octet-stream"
ZIP: Final = "application/zip"
OLD_OFFICE: Final = "application/x-ole-storage"
TEXT: Final = "text/plain"

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_OFFICE),
    (b"{\\rtf", "application/rtf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
# The brand of an ISO media file: what it says it is for.
_BRANDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"3g", "video/3gpp"),
    (b"qt  ", "video/quicktime"),
    (b"hei", "image/heic"),
    (b"hev", "image/heic"),
    (b"mif1", "image/heic"),
    (b"avif", "image/avif"),
    *((brand, "video/mp4") for brand in (b"iso", b"mp4", b"avc1", b"dash", b"M4V")),
    *((brand, "video/mp4") for brand in (b"MSNV", b"mmp4", b"f4v", b"XAVC")),
)
_MARKUP: Final = re.compile(
    rb"<\s*(?:!doctype\s+html|html|head|body|script|iframe|svg|!--)|<\?xml",
    re.IGNORECASE,
)

# What Pillow makes previews of, and no other decoder is ever asked.
PICTURES: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
# What browsers play, or try to, and never run: only these are shown rather than saved.
SOUNDS: Final = frozenset(
    {"audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/flac"}
)
FILMS: Final = frozenset({"video/mp4", "video/webm", "video/3gpp"})
PLAYED: Final = SOUNDS | FILMS

EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/avif": "avif",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    ZIP: "zip",
    TEXT: "txt",
}
# Formats that hold another one: the outside is all that their first bytes tell.
_WITHIN: Final = {
    ZIP: re.compile(
        r"application/(vnd\..+|.+\+zip|x-zip-compressed|java-archive|epub.*)"
    ),
    OLD_OFFICE: re.compile(r"application/(msword|vnd\.ms-.+)"),
    TEXT: re.compile(r"text/(?!html$).+|application/json"),
}
_FILM_FAMILY: Final = frozenset(
    {"audio/mp4", "video/mp4", "video/3gpp", "video/quicktime"}
)
_SAME: Final = {
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/webm": "video/webm",
    "video/x-matroska": "video/webm",
    "audio/3gpp": "video/3gpp",
    "image/heif": "image/heic",
    "text/rtf": "application/rtf",
}


def sniff(head: bytes) -> str:
    """The type by the first HEAD bytes; `UNKNOWN` where they do not tell for sure."""
    for start, found in _STARTS:
        if head.startswith(start):
            is_film = found == "audio/ogg" and b"\x80theora" in head[:256]
            return "video/ogg" if is_film else found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        named = (found for brand, found in _BRANDS if head[8:].startswith(brand))
        return next(named, UNKNOWN)
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if head[1] & 0xE6 in {0xE2, 0xE4}:  # MPEG audio of layer III or II
            return "audio/mpeg"
    return _text(head)


def _text(head: bytes) -> str:
    """Text, or markup that a browser would act on; a byte of control makes it neither."""
    if _MARKUP.search(head[:1024]):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/html"
    is_clean = not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
    return TEXT if head.strip() and is_clean else UNKNOWN


def base_of(mime: str) -> str:
    """`Audio/OPUS; codecs=opus` is an `audio/ogg`: by the name that sniff() uses."""
    told = mime.partition(";")[0].strip().lower()
    return _SAME.get(told, told)


def agrees(told: str, sniffed: str) -> bool:
    """Whether a file can be what somebody said it is. Nothing said is never wrong."""
    said = base_of(told)
    if said in {"", UNKNOWN, sniffed}:
        return True
    if sniffed == UNKNOWN:
        return said not in EXTENSIONS  # where we know a type's mark, its absence tells
    if {said, sniffed} <= _FILM_FAMILY:
        return True  # one family, whose members are taken for one another
    within = _WITHIN.get(sniffed)
    return within is not None and within.fullmatch(said) is not None


def settled(told: str, sniffed: str) -> str:
    """The type a file is kept under: what was said where only that can tell, else what it is."""
    said = base_of(told)
    tells_more = sniffed in _WITHIN or sniffed in _FILM_FAMILY
    is_told = said not in {"", UNKNOWN}
    return said if is_told and tells_more and agrees(told, sniffed) else sniffed


def served(mime: str) -> str:
    """What a browser is told of a file that it is to save: never a type that it acts on."""
    is_known = mime in EXTENSIONS and mime != TEXT
    is_office = re.fullmatch(r"application/(msword|vnd\.[a-z0-9.+-]{1,80})", mime)
    acts = "xml" in re.split(r"[.+-]", mime)
    return mime if is_known or (is_office and not acts) else UNKNOWN
