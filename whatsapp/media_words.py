"""What a file of a message is, and why it is not there, in words for people."""

from typing import Final

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, gettext_noop

from integrations import explanations
from integrations.providers.base.types import MessageKind
from whatsapp import file_types
from whatsapp.models import MediaState
from whatsapp.selectors.thread import File
from whatsapp.services.attachments import MOST_FILES, Problem

_EXPIRED: Final = gettext_noop(
    "The provider does not have this file any more. Try again, or ask the person to send it once more."
)
_SENTENCES: Final = {
    "empty": gettext_noop("The file is empty. Ask the person to send it once more."),
    "number_gone": gettext_noop(
        "The number that it came to is not connected any more, so nobody can be asked for it."
    ),
    "worker_gone": gettext_noop(
        "Work on this file never came to an end, so Recado leaves it alone. Whoever runs Recado should look."
    ),
    "storage_failed": gettext_noop(
        "Recado could not write the file to its storage. Whoever runs Recado should look."
    ),
    "egress_denied": gettext_noop(
        "The file lies at an address that Recado may not call. Whoever runs Recado can allow it."
    ),
    "foreign_address": gettext_noop(
        "The file lies at an address that is not the provider's, so Recado did not fetch it."
    ),
    "unsupported": gettext_noop("Files cannot be fetched from this number's provider."),
}
_TOO_LARGE: Final = gettext_noop(
    "The file is larger than the %(limit)s that this installation keeps. It is still on the phone."
)
_OTHER: Final = gettext_noop("The file could not be fetched (%(reason)s).")
_WAITING: Final = gettext_noop("The file is on its way.")
_TRIED: Final = gettext_noop(
    "The file could not be fetched yet. Recado tries again by itself."
)


_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_OFFICE: Final = {
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    f"{_OPEN_XML}.wordprocessingml.document": "docx",
    f"{_OPEN_XML}.spreadsheetml.sheet": "xlsx",
    f"{_OPEN_XML}.presentationml.presentation": "pptx",
    "text/csv": "csv",
    "text/vcard": "vcf",
}


def media_sentence(file: File) -> str:
    """What to read beside a file that is not there."""
    if file.state == MediaState.EXPIRED:
        return gettext(_EXPIRED)
    if file.state != MediaState.REFUSED:
        return gettext(_TRIED if file.reason else _WAITING)
    if file.reason == "too_large":
        limits = settings.MEDIA_LIMITS
        limit = limits.get(file.kind, limits[MessageKind.DOCUMENT])
        return gettext(_TOO_LARGE) % {"limit": filesizeformat(limit)}
    if file.reason in _SENTENCES:
        return gettext(_SENTENCES[file.reason])
    return gettext(_OTHER) % {"reason": file.reason}


def file_type(mime: str) -> str:
    """A type in the short form that people know: PDF, JPG; empty where there is none."""
    extension = file_types.EXTENSIONS.get(mime) or _OFFICE.get(mime, "")
    return extension.upper()


_TOO_BIG: Final = gettext_noop(
    "%(name)s is larger than the %(most)s that WhatsApp takes here. Make it smaller, or send a link to it."
)
_NOT_SENT: Final = {
    "empty": gettext_noop("%(name)s is empty."),
    "too_many_files": gettext_noop(
        "More than %(count)s files at once: send %(name)s and what follows with the next message."
    ),
    "storage_failed": gettext_noop(
        "%(name)s could not be stored. Try again; if it stays so, whoever runs Recado should look."
    ),
}


def attachment_sentence(provider: str, problem: Problem) -> str:
    """Why a file of an answer was not sent."""
    told = {"name": problem.name, "count": MOST_FILES}
    if problem.reason == "file_too_large" and problem.most is not None:
        return gettext(_TOO_BIG) % {**told, "most": filesizeformat(problem.most)}
    if problem.reason in _NOT_SENT:
        return gettext(_NOT_SENT[problem.reason]) % told
    return f"{problem.name}: {explanations.explain(provider, problem.reason).sentence}"
