"""What Meta tells of templates by webhook: reviewed, paused, put into another category.

Such a change names no number; its entry has the account. Bytes are read in `inbound.py`.
https://developers.facebook.com/docs/whatsapp/business-management-api/webhooks/components
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import (
    NumberRef,
    TemplateEvent,
    TemplateNews,
)

# By the field of the change: what it tells, and where the word for it stands.
NEWS: Final[Mapping[str, tuple[TemplateNews, str]]] = {
    "message_template_status_update": (TemplateNews.STATUS, "event"),
    "message_template_quality_update": (TemplateNews.QUALITY, "new_quality_score"),
    "template_category_update": (TemplateNews.CATEGORY, "new_category"),
    "message_template_components_update": (TemplateNews.CONTENT, ""),
}


def read_template_news(
    field: str, value: Reader, *, told_at: datetime | None
) -> TemplateEvent:
    """`field` is one of NEWS. Raises Unreadable where it does not say which template."""
    news, key = NEWS[field]
    return TemplateEvent(
        number=NumberRef(),
        news=news,
        name=value.text("message_template_name")[:512],
        language=value.find_text("message_template_language", most=20) or "",
        word=(value.find_code(key) or "") if key else "",
        external_id=value.find_code("message_template_id") or "",
        reason=_reason(value),
        provider_at=told_at,
    )


def _reason(value: Reader) -> str:
    """Why: a word of Meta's, and its sentence where it adds one. `NONE` says nothing."""
    rejection = value.find_section("rejection_info") or Reader({})
    other = value.find_section("other_info") or Reader({})
    told = (
        value.find_text("reason", most=100),
        rejection.find_text("reason", most=500),
        other.find_text("description", most=500) or other.find_text("title", most=100),
    )
    found = [one for one in told if one and one.upper() != "NONE"]
    return ": ".join(dict.fromkeys(found))[:500]
