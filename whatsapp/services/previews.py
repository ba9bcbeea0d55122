"""Pictures made anew from the pixels of others: nothing of the file itself comes along.

No metadata (where somebody lives, which phone it is), no colour profile, nothing hidden
behind the picture. One picture at a time in a process, and only of a size that fits.
"""

import threading
import warnings
from dataclasses import dataclass
from typing import IO, Final

from django.conf import settings
from PIL import Image, ImageOps

from whatsapp.file_types import PICTURES

TYPE: Final = "image/webp"  # small, with transparency, and every browser shows it
LONGEST_EDGE: Final = 1600  # pixels; what fills a screen
_QUALITY: Final = 80
_THREADS_TAKE_TURNS: Final = threading.Lock()


class NoPreview(Exception):
    """No picture can be made of it; the file itself is as good as before."""


@dataclass(frozen=True, slots=True)
class Preview:
    width: int
    height: int


def make(content: IO[bytes], mime: str, into: IO[bytes]) -> Preview:
    """Write a picture of `content` into `into`, or raise NoPreview.

    Bounded memory: what has more than MEDIA_MAX_PIXELS is not decoded at all, and a JPEG is
    decoded at the size that is needed.
    """
    format_ = PICTURES.get(mime)
    if format_ is None:
        raise NoPreview("no picture")
    content.seek(0)
    with _THREADS_TAKE_TURNS, warnings.catch_warnings():
        # Our own limit is stricter than the one Pillow warns of.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return _make(content, format_, into)
        except NoPreview:
            raise
        except Exception as error:
            # Decoders of broken files raise whatever they like: SyntaxError, struct.error …
            raise NoPreview(type(error).__name__) from error


def _make(content: IO[bytes], format_: str, into: IO[bytes]) -> Preview:
    with Image.open(content, formats=[format_]) as source:
        width, height = source.size
        if width * height > settings.MEDIA_MAX_PIXELS:
            raise NoPreview("too many pixels")
        if source.mode in {"1", "P", "PA"}:  # of these, neighbours cannot be blended
            picture = source.convert("RGBA" if source.has_transparency_data else "RGB")
        else:
            picture = source
        # A JPEG is decoded at about this size, not at its own.
        picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
        picture = ImageOps.exif_transpose(picture)
        clean = Image.new(
            "RGBA" if picture.has_transparency_data else "RGB", picture.size
        )
        clean.paste(picture.convert(clean.mode))
    clean.save(into, "WEBP", quality=_QUALITY, method=4)
    return Preview(*clean.size)
