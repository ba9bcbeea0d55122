"""A workspace's own settings: what each was and what it became goes to the audit trail."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from accounts.services import memberships, onboarding

LEAST_DAYS, MOST_DAYS = 1, 365


@dataclass(frozen=True, slots=True)
class Settings:
    name: str
    time_zone: str
    language: str
    raw_webhook_days: int
    channel_log_days: int

    @classmethod
    def of(cls, workspace: Workspace) -> "Settings":
        return cls(
            workspace.name,
            workspace.time_zone,
            workspace.language,
            workspace.raw_webhook_days,
            workspace.channel_log_days,
        )


def change(
    workspace: Workspace,
    wanted: Settings,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> list[str]:
    """The names of what changed, or WorkspaceInvalid. Saved together or not at all."""
    with transaction.atomic():
        memberships.hold(workspace)
        row = Workspace.objects.get(pk=workspace.pk)
        before = asdict(Settings.of(row))
        changes = {
            name: {"old": before[name], "new": value}
            for name, value in asdict(wanted).items()
            if value != before[name]
        }
        if not changes:
            return []
        for name, change_ in changes.items():
            setattr(row, name, change_["new"])
        onboarding.validate(row)
        _check_days(wanted)
        row.save(update_fields=list(changes))
        audit.record(
            workspace=row,
            action="workspace.changed",
            actor=actor,
            target=str(row.key),
            details={"changes": changes},
            ip=ip,
            now=now,
        )
    return list(changes)


def shortened(workspace: Workspace, wanted: Settings) -> list[str]:
    """Which of the spans for which rows are kept would become shorter."""
    return [
        name
        for name in ("raw_webhook_days", "channel_log_days")
        if getattr(wanted, name) < getattr(workspace, name)
    ]


def _check_days(wanted: Settings) -> None:
    problems = {
        name: f"is not between {LEAST_DAYS} and {MOST_DAYS} days"
        for name in ("raw_webhook_days", "channel_log_days")
        if not LEAST_DAYS <= getattr(wanted, name) <= MOST_DAYS
    }
    if problems:
        raise onboarding.WorkspaceInvalid(problems)
