"""What a provider says of templates becomes rows: whole lists, single reports, news.

`template_sync` and `template_desk` come before, and the corridor with what webhooks tell.
What was told earlier never overwrites what was told later, and everything that changes is
kept as a TemplateChange.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from accounts import audit
from accounts.models import User
from integrations.providers.base.templates import Gap, TemplateReport
from whatsapp.models import (
    Template,
    TemplateChange,
    TemplateChangeKind,
    TemplateChangeSource,
    TemplateState,
)
from whatsapp.services import template_uses

# Providers list a new template with some delay; until then it is not missing.
LISTED_WITHIN: Final = timedelta(minutes=5)

Kind, Source = TemplateChangeKind, TemplateChangeSource


@dataclass(slots=True)
class Taken:
    """What a list has changed."""

    found: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0


@dataclass(slots=True)
class Notes:
    """The changes of one template, as they are found. Written down by `write`."""

    template: Template
    source: TemplateChangeSource
    told_at: datetime
    now: datetime
    actor_id: int | None = None
    rows: list[TemplateChange] = field(default_factory=list)

    def add(self, kind: TemplateChangeKind, word: str = "", **fields: Any) -> None:
        values = {"told_at": self.told_at} | fields
        self.rows.append(
            TemplateChange(
                workspace_id=self.template.workspace_id,
                template=self.template,
                kind=kind,
                word=word[:60],
                source=self.source,
                actor_id=self.actor_id,
                noted_at=self.now,
                **values,
            )
        )

    def write(self, *, was_usable: bool) -> None:
        """Keep them, and find out who is left behind by them or can go on again."""
        if not self.rows:
            return
        breaking = [one for one in self.rows if _may_break(one)]
        lost = was_usable and not self.template.is_usable
        if breaking and (lost or any(one.kind == Kind.CONTRACT for one in breaking)):
            affected = template_uses.left_behind(self.template)
            if affected:
                last = breaking[-1]
                last.is_breaking = True
                last.details = last.details | {"affected": affected}
        TemplateChange.objects.bulk_create(self.rows, ignore_conflicts=True)
        if breaking and self.template.is_usable:
            self._settle()

    def _settle(self) -> None:
        """Alerts that are over by themselves: everybody fits again."""
        if template_uses.left_behind(self.template):
            return
        TemplateChange.objects.for_workspace(self.template.workspace_id).filter(
            template=self.template, is_breaking=True, settled_at=None
        ).exclude(kind=Kind.CONTRACT).update(settled_at=self.now)


def _may_break(change: TemplateChange) -> bool:
    return change.kind in {Kind.CONTRACT, Kind.STATUS, Kind.GONE, Kind.BACK}


def take_list(
    workspace_id: int,
    integration_id: int,
    reports: Iterable[TemplateReport],
    *,
    asked_at: datetime,
    now: datetime,
) -> Taken:
    """Bring an integration's rows up to its whole list, as it was at `asked_at`.

    Inside a transaction of the workspace. Rows that are not in the list are marked gone.
    """
    known = {
        (row.name, row.language): row
        for row in Template.objects.for_workspace(workspace_id)
        .filter(integration=integration_id)
        .select_for_update()
        .order_by("pk")
    }
    taken = Taken()
    listed: set[tuple[str, str]] = set()
    for report in reports:
        name = report.name, report.language
        if name in listed:
            continue
        listed.add(name)
        row = known.get(name)
        if row is None:
            row = _new(workspace_id, integration_id, report, at=asked_at)
            row.save(force_insert=True)
            _noted(row, Source.SYNC, asked_at, now, _first_word(row))
            taken.new += 1
        else:
            taken.changed += _take(row, report, asked_at=asked_at, now=now)
    taken.found = len(listed)
    missing = [row for name, row in known.items() if name not in listed]
    taken.gone = _mark_gone(workspace_id, missing, asked_at=asked_at, now=now)
    return taken


def take_report(
    workspace_id: int,
    integration_id: int,
    report: TemplateReport,
    *,
    actor_id: int | None,
    now: datetime,
) -> Template:
    """What a provider answered to a template that somebody submitted in Recado."""
    row = (
        Template.objects.for_workspace(workspace_id)
        .filter(integration=integration_id, name=report.name, language=report.language)
        .select_for_update()
        .first()
    )
    if row is None:
        row = _new(workspace_id, integration_id, report, at=now)
        row.save(force_insert=True)
        was_usable = False
        notes = Notes(row, Source.PERSON, now, now, actor_id)
    else:
        was_usable = row.is_usable
        notes = Notes(row, Source.PERSON, now, now, actor_id)
        _set_status(row, report, notes, at=now)
        _set_rest(row, report, notes)
        row.gone_at = None
        row.synced_at = now
        row.save()
    notes.add(Kind.SUBMITTED, row.status)
    notes.write(was_usable=was_usable)
    return row


def mark_deleted(
    rows: Sequence[Template], *, actor_id: int | None, now: datetime
) -> None:
    """Somebody deleted a template, in all its languages."""
    for row in rows:
        _leave(row, Source.PERSON, at=now, now=now, actor_id=actor_id)


def settle(template: Template, *, actor: User, now: datetime) -> None:
    """The alerts about a template are seen to; noted by whom. Twice is once."""
    open_ones = TemplateChange.objects.for_workspace(template.workspace_id).filter(
        template=template, is_breaking=True, settled_at=None
    )
    if open_ones.update(settled_at=now, settled_by=actor):
        audit.record(
            workspace=template.workspace,
            action="template.settled",
            actor=actor,
            target=str(template.key),
            details={"name": template.name[:100], "language": template.language},
            now=now,
        )


# --- one row ------------------------------------------------------------------------
def _new(
    workspace_id: int, integration_id: int, report: TemplateReport, *, at: datetime
) -> Template:
    return Template(
        workspace_id=workspace_id,
        integration_id=integration_id,
        name=report.name[:512],
        language=report.language[:20],
        category=report.category[:20],
        status=report.status.value,
        provider_status=report.provider_status[:60],
        status_at=at,
        reason=report.reason[:500],
        quality=report.quality[:20],
        components=[dict(one) for one in report.components],
        parameters=dump_gaps(report.gaps),
        contract_at=at,
        external_id=report.external_id[:100],
        synced_at=at,
    )


def _take(
    row: Template, report: TemplateReport, *, asked_at: datetime, now: datetime
) -> bool:
    """Whether anything is another than it was."""
    was_usable = row.is_usable
    notes = Notes(row, Source.SYNC, asked_at, now)
    if row.gone_at is not None and row.gone_at <= asked_at:
        row.gone_at = None
        notes.add(Kind.BACK)
    if row.status_at is None or row.status_at <= asked_at:
        _set_status(row, report, notes, at=asked_at)
    _set_rest(row, report, notes)
    row.synced_at = asked_at
    row.save()
    notes.write(was_usable=was_usable)
    return bool(notes.rows)


def _set_status(
    row: Template, report: TemplateReport, notes: Notes, *, at: datetime
) -> None:
    is_new = report.provider_status.upper() != row.provider_status.upper()
    if is_new or report.status != row.status:
        notes.add(
            Kind.STATUS,
            report.provider_status or report.status,
            before=row.provider_status or row.status,
            reason=report.reason[:500],
        )
    row.status = report.status.value
    row.provider_status = report.provider_status[:60]
    # A list has no reason for a pause; what a webhook told of the same state stays.
    if report.reason or is_new:
        row.reason = report.reason[:500]
    row.status_at = at


def _set_rest(row: Template, report: TemplateReport, notes: Notes) -> None:
    gaps = dump_gaps(report.gaps)
    if contract_of(gaps) != contract_of(row.parameters):
        notes.add(Kind.CONTRACT, details={"before": row.parameters, "after": gaps})
        row.contract_at = notes.told_at
    row.parameters = gaps
    row.components = [dict(one) for one in report.components]
    row.external_id = report.external_id[:100] or row.external_id
    if report.category and report.category != row.category:
        notes.add(Kind.CATEGORY, report.category, before=row.category)
        row.category = report.category[:20]
    if report.quality and report.quality != row.quality:
        notes.add(Kind.QUALITY, report.quality, before=row.quality)
        row.quality = report.quality[:20]


def _mark_gone(
    workspace_id: int, rows: Sequence[Template], *, asked_at: datetime, now: datetime
) -> int:
    left = [row for row in rows if row.gone_at is None and row.synced_at <= asked_at]
    fresh = set(
        TemplateChange.objects.for_workspace(workspace_id)
        .filter(
            template__in=left,
            kind=Kind.SUBMITTED,
            told_at__gt=asked_at - LISTED_WITHIN,
        )
        .values_list("template_id", flat=True)
    )
    gone = [row for row in left if row.pk not in fresh]
    for row in gone:
        _leave(row, Source.SYNC, at=asked_at, now=now)
    return len(gone)


def _leave(
    row: Template,
    source: TemplateChangeSource,
    *,
    at: datetime,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    was_usable = row.is_usable
    row.gone_at = at
    row.save(update_fields=["gone_at"])
    notes = Notes(row, source, at, now, actor_id)
    notes.add(Kind.GONE)
    notes.write(was_usable=was_usable)


def _first_word(row: Template) -> str:
    return row.provider_status or row.status


def _noted(
    row: Template,
    source: TemplateChangeSource,
    told_at: datetime,
    now: datetime,
    word: str,
) -> None:
    notes = Notes(row, source, told_at, now)
    notes.add(Kind.STATUS, word, reason=row.reason)
    notes.write(was_usable=False)


# --- the contract -------------------------------------------------------------------
def dump_gaps(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    """Gaps as rows keep them: what is not told is left out, `index` counts buttons."""
    return [
        {
            key: value
            for key, value in dataclasses.asdict(gap).items()
            if value not in ("", None, 0)
        }
        for gap in gaps
    ]


def contract_of(gaps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a message has to fill; examples promise nothing."""
    return [
        {key: value for key, value in gap.items() if key != "example"} for gap in gaps
    ]


def status_of(row: Template) -> TemplateState:
    """The state that pages show: what is gone has none of its own any more."""
    if row.status in TemplateState.values:
        return TemplateState(row.status)
    return TemplateState.UNKNOWN
