"""How the sandbox reviews a template: words in its text decide, and seconds pass.

    #reject   refused, with a reason of Meta's
    #waiting  stays in review
    #ads      approved as marketing, whatever it was submitted as

Pure. Without such a word it is approved within seconds; at Meta it takes minutes to a day.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.providers.base.types import Json

SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` is Meta's word; none while the review goes on. `category` is the new one."""

    status: str
    reason: str = "NONE"
    category: str = ""


def verdict(template: Mapping[str, Json]) -> Verdict:
    """What comes of a template as it was submitted."""
    written = json.dumps(template.get("components"), ensure_ascii=False).lower()
    if "#waiting" in written:
        return Verdict("")
    if "#reject" in written:
        return Verdict("REJECTED", "TAG_CONTENT_MISMATCH")
    is_moved = "#ads" in written and template.get("category") != "MARKETING"
    return Verdict("APPROVED", category="MARKETING" if is_moved else "")
