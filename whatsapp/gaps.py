"""The gaps of a canned reply, `{first_name}` and the like, and what fills them. Pure.

Each has a name in either language, so that a text reads well wherever it was written.
"""

import re
from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIRST_NAME, NAME, BUSINESS, ME = "first_name", "name", "business", "me"
# By the names people may write, in English and in Portuguese.
NAMES: Final[Mapping[str, str]] = {
    "first_name": FIRST_NAME,
    "primeiro_nome": FIRST_NAME,
    "name": NAME,
    "nome": NAME,
    "business": BUSINESS,
    "empresa": BUSINESS,
    "me": ME,
    "eu": ME,
}
ABOUT: Final[Mapping[str, str | Promise]] = {
    FIRST_NAME: _("the person's first name"),
    NAME: _("the person's whole name"),
    BUSINESS: _("the name of this workspace"),
    ME: _("the name of who answers"),
}
_PORTUGUESE: Final = {
    FIRST_NAME: "primeiro_nome",
    NAME: "nome",
    BUSINESS: "empresa",
    ME: "eu",
}
_GAP = re.compile(r"( ?)\{\s*([^{}\n]{1,40}?)\s*\}")


def offered(language: str) -> list[tuple[str, str | Promise]]:
    """The gaps as a form explains them: how they are written, and what comes there."""
    is_portuguese = language.startswith("pt")
    return [
        ("{" + (_PORTUGUESE[name] if is_portuguese else name) + "}", about)
        for name, about in ABOUT.items()
    ]


def unknown_in(text: str) -> list[str]:
    """Gaps that nothing fills, as they were written."""
    return [
        "{" + match[2] + "}"
        for match in _GAP.finditer(text)
        if match[2].lower() not in NAMES
    ]


def fill(text: str, values: Mapping[str, str]) -> str:
    """What is not known leaves no hole: `Oi {name}, tudo bem?` becomes `Oi, tudo bem?`."""

    def filled(match: re.Match[str]) -> str:
        name = NAMES.get(match[2].lower())
        if name is None:
            return match[0]
        value = values.get(name, "")
        return match[1] + value if value else ""

    return _GAP.sub(filled, text)


def values_for(*, person: str, business: str, me: str) -> dict[str, str]:
    """`person` is the name we have, empty where there is none."""
    words = person.split()
    return {
        FIRST_NAME: words[0] if words else "",
        NAME: person,
        BUSINESS: business,
        ME: me,
    }
