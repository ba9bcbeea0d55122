"""The mark by which a request of our own to `/r/<slug>` is told from a visitor's.

The daily check and the test of a link walk through the public address like anybody. What
they bring is signed with our key, names the one link and ends after minutes, so that nobody
else can open a link without being counted.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.core import signing

HEADER = "X-Recado-Mark"
LASTS = 300  # seconds
_SALT = "recado: mark of a link's visit"


class Purpose(StrEnum):
    CHECK = "check"  # answered with a token that nobody keeps
    TEST = "test"  # a click that is kept, as a test, on a simulated number


@dataclass(frozen=True, slots=True)
class Mark:
    """`channel_id` is the simulated number that a test goes to."""

    purpose: Purpose
    link_id: int
    channel_id: int | None = None


def written(mark: Mark) -> str:
    values = [mark.purpose.value, mark.link_id, mark.channel_id]
    return signing.dumps(values, salt=_SALT)


def read(text: str, *, link_id: int) -> Mark | None:
    """None for whatever is no mark of ours for this link: then it is a visitor."""
    if not text:
        return None
    try:
        purpose, marked, channel_id = signing.loads(text, salt=_SALT, max_age=LASTS)
        mark = Mark(Purpose(purpose), marked, channel_id)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return mark if mark.link_id == link_id else None
