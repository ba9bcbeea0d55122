"""Links by which a provider fetches one file of ours: signed, for an hour, for that file alone.

The link itself says which file it is, so that nothing else can be reached by it and nobody
has to be signed in. Made by services.outbox_files, answered by views.media.
"""

from dataclasses import astuple, dataclass
from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

LASTS: Final = 3600  # seconds; a message that is tried again gets another link
_SALT: Final = "whatsapp.file-link"


class LinkInvalid(Exception):
    """It is not one of ours, was changed, or its hour is over."""


@dataclass(frozen=True, slots=True)
class LinkedFile:
    storage_key: str
    mime: str
    name: str


def write(file: LinkedFile) -> str:
    """The whole address."""
    token = signing.dumps(astuple(file), salt=_SALT, compress=True)
    path = reverse("whatsapp-files:file-linked", kwargs={"token": token})
    return f"{settings.PUBLIC_URL}{path}"


def read(token: str) -> LinkedFile:
    try:
        told = signing.loads(token, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        raise LinkInvalid from None
    return LinkedFile(*told)
