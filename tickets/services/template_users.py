"""Rules of notifications as users of templates: see whatsapp/services/template_uses.py."""

from collections.abc import Sequence

from django.utils.translation import gettext

from tickets import ladder, notification_words
from tickets.models import NotificationRule
from whatsapp import template_filling, template_preview
from whatsapp.models import Template
from whatsapp.services.outbox_checks import TemplateFacts, template_problem
from whatsapp.services.template_uses import Use


class NotificationRules:
    """Active lines of the table; each is named by its event."""

    def find(self, template: Template) -> Sequence[Use]:
        rules = NotificationRule.objects.for_workspace(template.workspace_id).filter(
            template__name=template.name,
            template__language=template.language,
            is_active=True,
        )
        return [Use(1, _fits(rule, template), rule.event) for rule in rules]

    def label(self, count: int, name: str) -> str:
        return gettext("Notification “%(event)s”") % {
            "event": notification_words.event(name)
        }


def _fits(rule: NotificationRule, template: Template) -> bool:
    """Whether every gap has something that fills it, whoever is told."""
    if not template.is_usable:
        return False
    written = {name: str(text) for name, text in rule.template_values.items()}
    try:
        content = ladder.content_of(template, _as_written(template, written))
    except template_filling.Unfilled:
        return False
    facts = TemplateFacts(template.status, template.category, template.parameters)
    return template_problem(content, facts) is None


def _as_written(template: Template, written: dict[str, str]) -> dict[str, str]:
    """The variables themselves stand for what they become."""
    return {
        name: written.get(name, "")
        for name in map(template_preview.field_of, template.parameters)
    }
