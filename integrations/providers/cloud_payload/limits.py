"""What the Cloud API lets a message hold.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
"""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.limits import KIB, MIB, Limits
from integrations.providers.base.types import MessageKind

_CAPTION: Final = 1024
LIMITS: Final[Mapping[MessageKind, Limits]] = {
    MessageKind.TEXT: Limits(text=4096),
    MessageKind.IMAGE: Limits(
        text=_CAPTION, size=5 * MIB, mime_types=frozenset({"image/jpeg", "image/png"})
    ),
    MessageKind.VIDEO: Limits(
        text=_CAPTION, size=16 * MIB, mime_types=frozenset({"video/mp4", "video/3gpp"})
    ),
    MessageKind.AUDIO: Limits(
        text=0,
        size=16 * MIB,
        mime_types=frozenset(
            {"audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"}
        ),
    ),
    MessageKind.VOICE: Limits(
        text=0, size=16 * MIB, mime_types=frozenset({"audio/ogg"})
    ),
    MessageKind.DOCUMENT: Limits(text=_CAPTION, size=100 * MIB),
    # An animated one; a still one may have a fifth of that, which only Meta tells apart.
    MessageKind.STICKER: Limits(
        text=0, size=500 * KIB, mime_types=frozenset({"image/webp"})
    ),
    MessageKind.LOCATION: Limits(),
    MessageKind.CONTACTS: Limits(cards=20),
    MessageKind.REACTION: Limits(),
    MessageKind.INTERACTIVE: Limits(
        text=1024,
        header=60,
        footer=60,
        buttons=3,
        button_title=20,
        rows=10,
        row_title=24,
        row_description=72,
    ),
    MessageKind.TEMPLATE: Limits(),
}
