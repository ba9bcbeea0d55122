"""Templates as pages list them: the translations of a name together, and how sync stands."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Func, Q, QuerySet, TextField

from accounts.models import Workspace
from integrations.models import Channel, Integration
from whatsapp.models import Template, TemplateChange, TemplateSync

MOST = 500  # names on one page; an account may have 6,000 templates
# Nobody begins for so long: the worker is not there.
BEGINS_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """Empty means: all. `state` is a TemplateState or `gone`."""

    text: str = ""
    channel: uuid.UUID | None = None
    state: str = ""
    category: str = ""
    language: str = ""


@dataclass(slots=True)
class Group:
    """One name at one integration, in every language that passed the filter."""

    name: str
    integration: Integration
    rows: list[Template] = field(default_factory=list)

    @property
    def key(self) -> uuid.UUID:
        """Of the row whose page it opens."""
        return self.rows[0].key

    @property
    def categories(self) -> list[str]:
        return sorted({row.category for row in self.rows if row.category})


@dataclass(frozen=True, slots=True)
class SyncView:
    """How an integration's list stands. `numbers` are its channels."""

    integration: Integration
    numbers: list[Channel]
    row: TemplateSync | None
    now: datetime

    @property
    def is_running(self) -> bool:
        return self.row is not None and (
            self.row.asked_at is not None or self._is_leased
        )

    @property
    def is_stuck(self) -> bool:
        return (
            self.row is not None
            and self.row.asked_at is not None
            and not self._is_leased
            and self.now - self.row.asked_at > BEGINS_WITHIN
        )

    @property
    def _is_leased(self) -> bool:
        until = self.row.lease_until if self.row is not None else None
        return until is not None and until > self.now


def list_groups(workspace: Workspace, filters: TemplateFilter) -> list[Group]:
    """By name; at most MOST of them."""
    rows = _filtered(workspace, filters).select_related("integration")
    groups: dict[tuple[int, str], Group] = {}
    for row in rows.order_by("name", "integration_id", "language"):
        place = row.integration_id, row.name
        if place not in groups:
            if len(groups) == MOST:
                break
            groups[place] = Group(row.name, row.integration)
        groups[place].rows.append(row)
    return list(groups.values())


def _filtered(workspace: Workspace, filters: TemplateFilter) -> "QuerySet[Template]":
    rows: QuerySet[Template] = Template.objects.for_workspace(workspace)
    if filters.text:
        rows = _with_words(rows, filters.text)
    if filters.channel:
        rows = rows.filter(integration__channels__key=filters.channel)
    if filters.state == "gone":
        rows = rows.filter(gone_at__isnull=False)
    elif filters.state:
        rows = rows.filter(status=filters.state, gone_at=None)
    if filters.category:
        rows = rows.filter(category=filters.category)
    if filters.language:
        rows = rows.filter(language=filters.language)
    return rows


def _with_words(rows: "QuerySet[Template]", text: str) -> "QuerySet[Template]":
    """Whose name or whose own text has this; the words of the format are no text."""
    written = Func(
        "components",
        template="jsonb_path_query_array(%(expressions)s, '$.**.text')::text",
        output_field=TextField(),
    )
    return rows.annotate(written=written).filter(
        Q(name__icontains=text) | Q(written__icontains=text)
    )


def list_languages(workspace: Workspace) -> list[str]:
    return list(
        Template.objects.for_workspace(workspace)
        .order_by("language")
        .values_list("language", flat=True)
        .distinct()
    )


def has_any(workspace: Workspace) -> bool:
    return bool(Template.objects.for_workspace(workspace).exists())


def find(workspace: Workspace, *, key: uuid.UUID) -> Template | None:
    found: Template | None = (
        Template.objects.for_workspace(workspace)
        .select_related("integration", "workspace")
        .filter(key=key)
        .first()
    )
    return found


def list_translations(template: Template) -> list[Template]:
    """Every language of its name, what is gone last."""
    rows = (
        Template.objects.for_workspace(template.workspace_id)
        .filter(integration=template.integration_id, name=template.name)
        .select_related("integration")
        .order_by("language")
    )
    return sorted(rows, key=lambda row: row.gone_at is not None)


def list_changes(rows: Sequence[Template]) -> dict[int, list[TemplateChange]]:
    """The history of each of these, the newest first."""
    found: dict[int, list[TemplateChange]] = {row.pk: [] for row in rows}
    if rows:
        for change in (
            TemplateChange.objects.for_workspace(rows[0].workspace_id)
            .filter(template__in=rows)
            .select_related("actor", "settled_by")
            .order_by("-told_at", "-pk")
        ):
            found[change.template_id].append(change)
    return found


def list_alerts(workspace: Workspace) -> list[TemplateChange]:
    """What left users of a template behind and nobody has settled yet, oldest first."""
    return list(
        TemplateChange.objects.for_workspace(workspace)
        .filter(is_breaking=True, settled_at=None)
        .select_related("template")
        .order_by("told_at", "pk")
    )


def list_usable(channel: Channel, *, text: str = "") -> list[Template]:
    """What may be sent through a number now: approved, and of its own account."""
    if channel.integration_id is None:
        return []
    rows: QuerySet[Template] = Template.objects.for_workspace(channel.workspace_id)
    rows = rows.filter(
        integration=channel.integration_id, status="approved", gone_at=None
    )
    if text:
        rows = _with_words(rows, text)
    return list(rows.order_by("name", "language")[:MOST])


def find_usable(channel: Channel, *, key: uuid.UUID) -> Template | None:
    found: Template | None = (
        Template.objects.for_workspace(channel.workspace_id)
        .filter(
            key=key, integration=channel.integration_id, status="approved", gone_at=None
        )
        .first()
    )
    return found


def list_syncs(
    workspace: Workspace, channels: Iterable[Channel], *, now: datetime
) -> list[SyncView]:
    """One for each integration of these numbers, which have templates."""
    rows = {
        row.integration_id: row for row in TemplateSync.objects.for_workspace(workspace)
    }
    found: dict[int, SyncView] = {}
    for channel in channels:
        integration = channel.integration
        if integration is None:
            continue
        if integration.pk not in found:
            row = rows.get(integration.pk)
            found[integration.pk] = SyncView(integration, [], row, now)
        found[integration.pk].numbers.append(channel)
    return list(found.values())


def list_workspaces(external_id: str) -> list[int]:
    """Where a template with this id of the provider's is known; for what names no number."""
    if not external_id:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id FROM whatsapp_workspaces_of_template(%s)"
            " AS found (workspace_id) ORDER BY workspace_id",
            [external_id],
        )
        return [workspace_id for (workspace_id,) in cursor.fetchall()]
