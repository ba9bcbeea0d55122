"""Who sends with a template, and whether what they hold still fits it.

`settings.TEMPLATE_USERS` names the kinds of users, rooms above included, so that nobody is
imported upwards. A kind knows how to find its own and what to call them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import ngettext

from integrations.providers.base.outgoing import Template as TemplateContent
from integrations.providers.base.outgoing_json import Misshapen, load_message
from whatsapp.models import OutboxEntry, OutboxState, Template
from whatsapp.services.outbox_checks import TemplateFacts, template_problem

# Of a template's queue; a longer one is as wrong as its beginning.
_MOST_READ: Final = 5_000


@dataclass(frozen=True, slots=True)
class Use:
    """So many of one kind use a template. `fits`: they fill its gaps as they are now."""

    count: int
    fits: bool
    name: str = ""  # where one has a name of its own


class User(Protocol):
    def find(self, template: Template) -> Sequence[Use]:
        """Inside the workspace's transaction."""
        ...

    def label(self, count: int, name: str) -> str:
        """What to call them, in the language of whoever reads."""
        ...


class QueuedMessages:
    """Messages that wait to be sent."""

    def find(self, template: Template) -> Sequence[Use]:
        payloads = (
            OutboxEntry.objects.for_workspace(template.workspace_id)
            .filter(
                state__in=(OutboxState.DUE, OutboxState.CLAIMED),
                message__kind="template",
                channel__integration=template.integration_id,
                payload__content__name=template.name,
                payload__content__language=template.language,
            )
            .values_list("payload", flat=True)[:_MOST_READ]
        )
        fits = [_fits(payload, template) for payload in payloads]
        return [
            Use(fits.count(one), one) for one in (True, False) if fits.count(one) > 0
        ]

    def label(self, count: int, name: str) -> str:
        return ngettext(
            "%(count)s message waiting to be sent",
            "%(count)s messages waiting to be sent",
            count,
        ) % {"count": count}


def _fits(payload: Any, template: Template) -> bool:
    try:
        content = load_message(payload).content
    except Misshapen:
        return False
    facts = TemplateFacts(template.status, template.category, template.parameters)
    return (
        isinstance(content, TemplateContent)
        and template.is_usable
        and template_problem(content, facts) is None
    )


@cache
def _users(names: tuple[tuple[str, str], ...]) -> Mapping[str, User]:
    return {kind: import_string(name)() for kind, name in names}


def users() -> Mapping[str, User]:
    """The kinds of users, by the word under which they are kept."""
    return _users(tuple(settings.TEMPLATE_USERS.items()))


def find(template: Template) -> list[tuple[str, Use]]:
    """Every use of a template, with its kind."""
    return [
        (kind, use) for kind, user in users().items() for use in user.find(template)
    ]


def left_behind(template: Template) -> list[dict[str, Any]]:
    """The uses that do not fit it (any more), as a change keeps them."""
    return [
        {"user": kind, "count": use.count, "name": use.name}
        for kind, use in find(template)
        if not use.fits
    ]


def labels(told: Any) -> list[str]:
    """What `left_behind` kept, in words; a kind that is no more is passed over."""
    known = users()
    return [
        known[one["user"]].label(one["count"], one["name"])
        for one in (told if isinstance(told, list) else [])
        if one.get("user") in known
    ]
