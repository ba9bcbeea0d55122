"""By which way somebody is told: free text, else a template, else an e-mail, else nobody. Pure.

The services have read everything that is asked here; the planner and the real thing climb
the same ladder, so what is announced is what happens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integrations.providers.base.outgoing import Content, Template, Text
from tickets import notification_texts as texts
from tickets.models import NotificationPath, NotificationRule
from whatsapp import template_filling, template_preview
from whatsapp.models import Template as TemplateRow
from whatsapp.services import reaching
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.reaching import Way

NO_EMAIL: Final = "no_email"
NO_TEXT: Final = "no_text"
_LONGEST_SUBJECT: Final = 200

Templates = Mapping[tuple[int | None, str, str], TemplateRow]


@dataclass(frozen=True, slots=True)
class Rung:
    """Where the climb ended. `reason` is why no better way was taken."""

    path: NotificationPath
    reason: str = ""
    way: Way | None = None
    content: Content | None = None
    text: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    subject: str = ""
    to_address: str = ""


def climb(
    rule: NotificationRule,
    way: Way,
    values: Mapping[str, str],
    *,
    address: str,
    templates: Templates,
    now: datetime,
) -> Rung:
    """How the rule tells a client now. `address` is empty where no e-mail can be sent."""
    free, why = _free(rule, way, values, templates=templates, now=now)
    if free is not None:
        return free
    formal, why = _formal(rule, way, values, why, templates=templates, now=now)
    if formal is not None:
        return formal
    # Whoever asked for silence is not written to another way behind their back.
    if why != Refusal.OPTED_OUT and address:
        return by_email(rule, values, address=address, reason=why)
    said = texts.fill(rule.text or rule.email_body, values)
    return Rung(NotificationPath.NOBODY, why, text=said)


def by_email(
    rule: NotificationRule,
    values: Mapping[str, str],
    *,
    address: str,
    reason: str = "",
) -> Rung:
    """The rule's e-mail, or its text where it has none of its own."""
    body = texts.fill(rule.email_body or rule.text, values)
    if not body:
        return Rung(NotificationPath.NOBODY, reason or NO_TEXT)
    if not address:
        return Rung(NotificationPath.NOBODY, reason or NO_EMAIL, text=body)
    subject = texts.fill(rule.email_subject or "#{number} {title}", values)
    return Rung(
        NotificationPath.EMAIL,
        reason,
        text=body,
        subject=" ".join(subject.split())[:_LONGEST_SUBJECT],
        to_address=address,
    )


def _free(
    rule: NotificationRule,
    way: Way,
    values: Mapping[str, str],
    *,
    templates: Templates,
    now: datetime,
) -> tuple[Rung | None, str]:
    """The text as it is; or why not."""
    if not rule.text:
        return None, way.problem
    content = Text(texts.fill(rule.text, values), has_preview=False)
    why = reaching.refusal(way, content, templates=templates, now=now)
    if why:
        return None, why
    return Rung(
        NotificationPath.FREE_TEXT, way=way, content=content, text=content.body
    ), ""


def _formal(
    rule: NotificationRule,
    way: Way,
    values: Mapping[str, str],
    reason: str,
    *,
    templates: Templates,
    now: datetime,
) -> tuple[Rung | None, str]:
    """The template, filled; or why not, `reason` where that says more."""
    if rule.template is None or way.channel is None or way.problem:
        return None, reason or way.problem or NO_TEXT
    name, language = rule.template.name, rule.template.language
    row = templates.get((way.channel.integration_id, name, language))
    if row is None:
        return None, Refusal.TEMPLATE_UNKNOWN
    filled = filled_values(row, rule.template_values, values)
    try:
        content = content_of(row, filled)
    except template_filling.Unfilled:
        return None, Refusal.TEMPLATE_INCOMPLETE
    why = reaching.refusal(way, content, templates=templates, now=now)
    if why:
        return None, why
    preview = template_preview.of(row.components, filled)
    return Rung(
        NotificationPath.TEMPLATE,
        reason,
        way=way,
        content=content,
        text=preview.body_text,
        shown=preview.shown,
        template=name,
    ), ""


def filled_values(
    row: TemplateRow, wanted: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """What fills each gap, by its field; WhatsApp takes no line breaks there."""
    return {
        name: " ".join(texts.fill(str(wanted.get(name, "")), values).split())
        for name in map(template_preview.field_of, row.parameters)
    }


def content_of(row: TemplateRow, filled: Mapping[str, str]) -> Template:
    """Raises template_filling.Unfilled where a gap stays empty or takes no text."""
    told: dict[str, list[str]] = {}
    for name, part in template_filling.PARTS.items():
        told[name] = [
            filled[template_preview.field_of(gap)]
            for gap in row.parameters
            if gap.get("part") == part
        ]
    return Template(
        row.name, row.language, template_filling.components(row.parameters, told)
    )
