"""The table of who is told what: written by admins, every change in the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User, Workspace
from accounts.scoping import inside
from tickets import ladder
from tickets import notification_texts as texts
from tickets.ladder import Rung
from tickets.models import Audience, NotificationRule, NotificationSettings
from tickets.services import notification_facts as facts
from tickets.services.notification_facts import Desk
from whatsapp import phones
from whatsapp.auto_texts import first_name
from whatsapp.models import Template
from whatsapp.services import outbox, reaching
from whatsapp.services.reaching import Person


class RuleTaken(ValueError):
    """There is a line for this event, audience and language; `rule` is that one."""

    def __init__(self, rule: NotificationRule) -> None:
        super().__init__()
        self.rule = rule


class RuleStale(Exception):
    """Somebody has changed it since the page was opened; `rule` is as it is now."""

    def __init__(self, rule: NotificationRule) -> None:
        super().__init__()
        self.rule = rule


class RuleValues(TypedDict):
    """What an admin writes of a rule."""

    event: str
    audience: str
    language: str
    channel_id: int | None
    template: Template | None
    template_values: dict[str, str]
    text: str
    email_subject: str
    email_body: str
    is_active: bool


class SettingsValues(TypedDict):
    is_quiet: bool
    quiet_from: int
    quiet_until: int
    urgent_is_exempt: bool
    sends_email: bool
    repeat_minutes: int
    channel_id: int | None


def save(
    workspace: Workspace,
    values: RuleValues,
    *,
    actor: User,
    now: datetime,
    rule: NotificationRule | None = None,
    seen: int | None = None,
    ip: str | None = None,
) -> NotificationRule:
    """The new line, or the changed one. Raises RuleTaken, and RuleStale where `seen` is the
    version of an older page."""
    rows = NotificationRule.objects.for_workspace(workspace)
    with transaction.atomic():
        held = NotificationRule(workspace=workspace)
        if rule is not None:
            held = rows.select_for_update().get(pk=rule.pk)
            if seen is not None and seen != held.version:
                raise RuleStale(held)
        for name, value in values.items():
            setattr(held, name, value)
        if rule is not None:
            held.version += 1
        try:
            with transaction.atomic():
                held.save()
        except IntegrityError:
            other = rows.filter(
                event=held.event, audience=held.audience, language=held.language
            ).first()
            if other is None:
                raise
            raise RuleTaken(other) from None
        word = "notification_rule.changed" if rule else "notification_rule.added"
        _note(word, held, actor=actor, now=now, ip=ip)
    return held


def switch(
    rule: NotificationRule,
    *,
    is_active: bool,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """False when it was so already."""
    with transaction.atomic():
        rows = NotificationRule.objects.for_workspace(rule.workspace_id)
        held = rows.select_for_update().get(pk=rule.pk)
        if held.is_active == is_active:
            return False
        held.is_active = is_active
        held.version += 1
        held.save(update_fields=["is_active", "version", "updated_at"])
        word = "switched_on" if is_active else "switched_off"
        _note(f"notification_rule.{word}", held, actor=actor, now=now, ip=ip)
    return True


def remove(
    rule: NotificationRule, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    """What it has told stays in the log."""
    with transaction.atomic():
        _note("notification_rule.removed", rule, actor=actor, now=now, ip=ip)
        rows = NotificationRule.objects.for_workspace(rule.workspace_id)
        rows.filter(pk=rule.pk).delete()


def use_defaults(
    workspace: Workspace, *, actor: User, now: datetime, ip: str | None = None
) -> int:
    """Lines with the texts to begin with, for those that are not there; how many were made."""
    with inside(workspace.pk):
        made = NotificationRule.objects.bulk_create(
            (
                NotificationRule(
                    workspace=workspace,
                    event=event,
                    audience=Audience.CLIENT,
                    language=language,
                    text=text,
                )
                for event, known in texts.DEFAULTS.items()
                for language, text in known.items()
            ),
            ignore_conflicts=True,
        )
        audit.record(
            workspace=workspace,
            action="notification_rule.defaults_used",
            actor=actor,
            details={"count": len(made)},
            ip=ip,
            now=now,
        )
    return len(made)


def change_settings(
    workspace: Workspace,
    values: SettingsValues,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """False when nothing was different."""
    with transaction.atomic():
        rows = NotificationSettings.objects.for_workspace(workspace).select_for_update()
        found = rows.first()
        row = found or NotificationSettings(workspace=workspace)
        changed = [
            name for name, value in values.items() if getattr(row, name) != value
        ]
        if found is not None and not changed:
            return False
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        audit.record(
            workspace=workspace,
            action="workspace.notification_settings_changed",
            actor=actor,
            target=str(workspace.key),
            details={"changed": sorted(changed)},
            ip=ip,
            now=now,
        )
    return True


# --- trying one out -----------------------------------------------------------------
EXAMPLE_NUMBER: Final = 1042


@dataclass(frozen=True, slots=True)
class Tried:
    """What a test did: `rung` is where it ended on the ladder."""

    rung: Rung
    is_sent: bool


def example_values(
    workspace: Workspace, rule: NotificationRule, example: dict[str, str]
) -> dict[str, str]:
    """What fills the variables where there is no ticket: `example` has name, title and comment
    in the reader's language."""
    language = rule.language if rule.language in texts.STATUS_WORDS else "en"
    status = {"waiting": "waiting", "resolved": "resolved", "closed": "closed"}
    statuses, priorities = texts.STATUS_WORDS[language], texts.PRIORITY_WORDS[language]
    return {
        "name": first_name(example["name"]),
        "number": str(EXAMPLE_NUMBER),
        "title": example["title"],
        "status": statuses[status.get(rule.event, "open")],
        "priority": priorities["normal"],
        "url": example["url"],
        "url_path": example["url"].partition("://")[2].partition("/")[2],
        "business": workspace.name,
        "comment": example["comment"],
    }


def try_out(
    workspace: Workspace,
    rule: NotificationRule,
    number: str,
    *,
    key: str,
    example: dict[str, str],
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Tried:
    """Send it once to a number of one's own choosing, as the ladder has it; `key` makes a
    form that is sent twice one message. No e-mail leaves, and no notification is counted."""
    with inside(workspace.pk):
        desk = Desk.of(workspace, [rule])
        person = Person(0, None, number, phones.match_key_for_phone(number))
        way = reaching.ways(
            workspace.pk,
            [person],
            now=now,
            channel_id=rule.channel_id,
            default_channel_id=desk.habits.channel_id,
        )[0]
        values = example_values(workspace, rule, example)
        templates = facts.templates_of(desk)
        rung = ladder.climb(rule, way, values, address="", templates=templates, now=now)
        if rung.content is None or way.channel is None or way.party is None:
            return Tried(rung, is_sent=False)
        draft = outbox.Draft(
            business_key=f"notification-test:{key}",
            channel_id=way.channel.pk,
            recipient=way.party,
            content=rung.content,
            text=rung.text,
            shown=rung.shown,
            conversation_id=way.thread_id,
            author_id=actor.pk,
        )
        outbox.enqueue(workspace.pk, draft, now=now)
        audit.record(
            workspace=workspace,
            action="notification_rule.tried",
            actor=actor,
            target=str(rule.key),
            details={"event": rule.event, "path": rung.path.value},
            ip=ip,
            now=now,
        )
    return Tried(rung, is_sent=True)


def _note(
    action: str,
    rule: NotificationRule,
    *,
    actor: User,
    now: datetime,
    ip: str | None,
) -> None:
    told: dict[str, Any] = {
        "event": rule.event,
        "audience": rule.audience,
        "language": rule.language,
    }
    audit.record(
        workspace=rule.workspace,
        action=action,
        actor=actor,
        target=str(rule.key),
        details=told,
        ip=ip,
        now=now,
    )
