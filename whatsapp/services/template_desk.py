"""Making, changing and deleting templates at the provider, and writing down what it says.

Pages come before. Nothing here holds a transaction while a provider is asked. What a page
sends twice is done once: a template that is there already, as it was wanted, is the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable
from integrations.models import Integration
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import OutcomeUnknown, ProviderError
from integrations.providers.base.templates import TemplateDraft
from whatsapp import template_rules
from whatsapp.models import Template
from whatsapp.services import template_news, template_sync, templates
from whatsapp.template_rules import Draft


class NotTaken(Exception):
    """The provider did not take it. `code` and `said` are the provider's, or ours;
    `problem` is the kind of trouble, as template_sync.problem_of tells it.

    `is_unclear`: it may have; the list that is asked for now will tell.
    """

    def __init__(
        self, code: str, said: str = "", *, problem: str, is_unclear: bool = False
    ) -> None:
        super().__init__(code)
        self.code = code
        self.said = said
        self.problem = problem
        self.is_unclear = is_unclear


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and when."""

    actor: User
    ip: str | None
    now: datetime


def may_write(provider: str) -> bool:
    return Capability.TEMPLATE_WRITE in gateway.capabilities_of(provider)


def may_edit(provider: str) -> bool:
    return Capability.TEMPLATE_EDIT in gateway.capabilities_of(provider)


def create(integration: Integration, draft: Draft, by: By) -> Template:
    """Submit a template, or raise NotTaken. Checked before, by template_rules."""
    twin = find_twin(integration, draft)
    if twin is not None:
        return twin
    told = _told(draft)
    try:
        line = gateway.open_line(integration)
        report = line.adapter.create_template(told, line.credentials, line.http)
    except (ProviderError, CredentialsUnreadable) as error:
        # The second of two submits: the first has made it meanwhile.
        twin = find_twin(integration, draft)
        if twin is not None:
            return twin
        raise _not_taken(integration, error, by) from None
    with workspace_transaction(integration.workspace_id):
        row = templates.take_report(
            integration.workspace_id,
            integration.pk,
            report,
            actor_id=by.actor.pk,
            now=by.now,
        )
        _record(row, "template.submitted", by)
    return row


def edit(template: Template, draft: Draft, by: By) -> Template:
    """Give a template other contents and submit it again, or raise NotTaken."""
    integration = template.integration
    try:
        line = gateway.open_line(integration)
        report = line.adapter.edit_template(
            template.external_id, _told(draft), line.credentials, line.http
        )
    except (ProviderError, CredentialsUnreadable) as error:
        raise _not_taken(integration, error, by) from None
    with workspace_transaction(integration.workspace_id):
        row = templates.take_report(
            integration.workspace_id,
            integration.pk,
            report,
            actor_id=by.actor.pk,
            now=by.now,
        )
        _record(row, "template.changed", by)
    return row


def delete(template: Template, by: By) -> None:
    """Delete a name in all its languages at the provider, or raise NotTaken."""
    integration = template.integration
    try:
        line = gateway.open_line(integration)
        line.adapter.delete_template(template.name, line.credentials, line.http)
    except (ProviderError, CredentialsUnreadable) as error:
        raise _not_taken(integration, error, by) from None
    with workspace_transaction(integration.workspace_id):
        rows: Sequence[Template] = list(
            Template.objects.for_workspace(integration.workspace_id)
            .filter(integration=integration, name=template.name, gone_at=None)
            .select_for_update()
            .order_by("pk")
        )
        templates.mark_deleted(rows, actor_id=by.actor.pk, now=by.now)
        _record(template, "template.deleted", by)


def find_twin(integration: Integration, draft: Draft) -> Template | None:
    """A template that is there, and is in every part what the draft asks for."""
    with workspace_transaction(integration.workspace_id):
        row: Template | None = (
            Template.objects.for_workspace(integration.workspace_id)
            .filter(
                integration=integration,
                name=draft.name,
                language=draft.language,
                gone_at=None,
            )
            .select_related("integration")
            .first()
        )
    wanted = template_rules.components_of(draft)
    return row if row is not None and row.components == wanted else None


def _told(draft: Draft) -> TemplateDraft:
    return TemplateDraft(
        name=draft.name,
        language=draft.language,
        category=draft.category,
        components=template_rules.components_of(draft),
    )


def _not_taken(
    integration: Integration, error: ProviderError | CredentialsUnreadable, by: By
) -> NotTaken:
    problem, _said, _wait = template_sync.problem_of(error)
    if isinstance(error, CredentialsUnreadable):
        return NotTaken("", problem=problem)
    is_unclear = isinstance(error, OutcomeUnknown)
    if is_unclear:
        with workspace_transaction(integration.workspace_id):
            template_news.ask_soon(
                integration.workspace_id, [integration.pk], now=by.now
            )
    return NotTaken(error.code, error.detail, problem=problem, is_unclear=is_unclear)


def _record(row: Template, action: str, by: By) -> None:
    audit.record(
        workspace=row.workspace,
        action=action,
        actor=by.actor,
        target=str(row.key),
        details={"name": row.name[:100], "language": row.language},
        ip=by.ip,
        now=by.now,
    )
