"""What webhooks tell of templates: applied in any order, and as often as it comes.

The corridor comes before. A piece of news counts while nothing younger is known about the
same thing; an older one is kept in the history alone. What contradicts a list that was read
about the same time, and what is about a template nobody knows, has the list asked for anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from integrations.models import Integration
from integrations.providers.base.templates import STATUSES, TemplateStatus
from integrations.providers.base.types import TemplateEvent
from integrations.providers.base.types import TemplateNews as News
from whatsapp import queue
from whatsapp.models import (
    Template,
    TemplateChange,
    TemplateChangeKind,
    TemplateChangeSource,
    TemplateSync,
)
from whatsapp.services.templates import Notes

Kind = TemplateChangeKind
_KINDS = {
    News.STATUS: Kind.STATUS,
    News.CATEGORY: Kind.CATEGORY,
    News.QUALITY: Kind.QUALITY,
}


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news, and where it came in."""

    event: TemplateEvent
    integration_id: int | None
    received_at: datetime

    @property
    def at(self) -> datetime:
        """When it was told; a clock ahead of ours is not believed."""
        return min(self.event.provider_at or self.received_at, self.received_at)


def apply(
    workspace_id: int, provider: str, told: Sequence[Told], *, now: datetime
) -> None:
    """Inside a transaction of the workspace; in the order in which they came in."""
    if not told:
        return
    rows = _rows(workspace_id, provider, told)
    unclear: set[int] = set()
    for one in told:
        about = [row for row in rows if _is_about(one, row)]
        for row in about:
            if not _apply(row, one, now=now):
                unclear.add(row.integration_id)
        if not about and one.integration_id is not None:
            unclear.add(one.integration_id)
    if unclear:
        ask_soon(workspace_id, unclear, now=now)


def ask_soon(
    workspace_id: int, integration_ids: Iterable[int], *, now: datetime
) -> None:
    """Let the lists of these integrations be asked for, whenever they last were."""
    ids = sorted(integration_ids)
    known = Integration.objects.for_workspace(workspace_id).filter(pk__in=ids)
    TemplateSync.objects.bulk_create(
        [
            TemplateSync(workspace_id=workspace_id, integration=one, next_at=now)
            for one in known
        ],
        ignore_conflicts=True,
    )
    TemplateSync.objects.for_workspace(workspace_id).filter(integration__in=ids).update(
        next_at=now
    )
    transaction.on_commit(partial(queue.hint_template_sync), robust=True)


def _rows(workspace_id: int, provider: str, told: Sequence[Told]) -> list[Template]:
    """The templates that are told of; held, in the order in which a list holds them."""
    names = {one.event.name for one in told}
    return list(
        Template.objects.for_workspace(workspace_id)
        .filter(integration__provider=provider, name__in=names)
        .select_for_update(of=("self",))
        .order_by("pk")
    )


def _is_about(told: Told, row: Template) -> bool:
    """The same id at the provider, or the same name at the same integration: 360dialog has
    ids of its own. An account that two integrations share has two rows of one id."""
    event = told.event
    if (event.name, event.language) != (row.name, row.language):
        return False
    if event.external_id and event.external_id == row.external_id:
        return True
    return told.integration_id == row.integration_id


def _apply(row: Template, told: Told, *, now: datetime) -> bool:
    """Whether it is settled; if not, the list must tell."""
    event = told.event
    if event.news is News.CONTENT or not event.word:
        return False
    was_usable = row.is_usable
    notes = Notes(row, TemplateChangeSource.WEBHOOK, told.at, now)
    if event.news is News.STATUS:
        is_settled = _apply_status(row, told, notes)
    else:
        is_settled = _apply_rest(row, told, notes)
    notes.write(was_usable=was_usable)
    return is_settled


def _apply_status(row: Template, told: Told, notes: Notes) -> bool:
    event = told.event
    is_same = event.word.upper() == row.provider_status.upper()
    is_late = row.status_at is not None and told.at < row.status_at
    if is_same and is_late:
        return True
    if not is_same:
        _note(row, told, notes, before="" if is_late else row.provider_status)
    if is_late:
        return False
    status = STATUSES.get(event.word.upper(), TemplateStatus.UNKNOWN)
    row.status, row.provider_status = status.value, event.word[:60]
    row.status_at, row.reason = told.at, event.reason[:500]
    if status is TemplateStatus.DELETED:
        row.gone_at = told.at
    row.save(
        update_fields=["status", "provider_status", "status_at", "reason", "gone_at"]
    )
    return status is not TemplateStatus.UNKNOWN


def _apply_rest(row: Template, told: Told, notes: Notes) -> bool:
    """Category or quality: the youngest that was told of counts."""
    event = told.event
    kind, name = _KINDS[event.news], event.news.value
    word = event.word.lower()[:20]
    if word == getattr(row, name):
        return True
    is_late = (
        TemplateChange.objects.for_workspace(row.workspace_id)
        .filter(template=row, kind=kind, told_at__gt=told.at)
        .exists()
    )
    before = "" if is_late else getattr(row, name)
    notes.add(kind, word, before=before, reason=event.reason[:500])
    if not is_late:
        setattr(row, name, word)
        row.save(update_fields=[name])
    return True


def _note(row: Template, told: Told, notes: Notes, *, before: str) -> None:
    notes.add(
        Kind.STATUS, told.event.word, before=before, reason=told.event.reason[:500]
    )
