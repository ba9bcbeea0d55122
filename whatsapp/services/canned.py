"""Keeping, changing and forgetting canned replies; they are the workspace's, so audited."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User, Workspace
from whatsapp.models import CannedReply

MOST = 200  # of a workspace: what a list may hold that is read as one types


class NameTaken(ValueError):
    """Another canned reply has the name, perhaps in other capitals."""


class TooMany(ValueError):
    """There are MOST of them already."""


def add(
    workspace: Workspace,
    *,
    name: str,
    text: str,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> CannedReply:
    """The same form sent twice is one."""
    rows = CannedReply.objects.for_workspace(workspace)
    same = rows.filter(name__iexact=name).first()
    if same is not None and same.text == text:
        return same
    if same is not None:
        raise NameTaken
    if rows.count() >= MOST:
        raise TooMany
    with transaction.atomic():
        with _unique_name():
            canned: CannedReply = CannedReply.objects.create(
                workspace=workspace,
                name=name,
                text=text,
                created_at=now,
                updated_at=now,
            )
        _note("canned.added", canned, actor=actor, now=now, ip=ip)
    return canned


def change(
    canned: CannedReply,
    *,
    name: str,
    text: str,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """False when it is so already."""
    if (canned.name, canned.text) == (name, text):
        return False
    canned.name, canned.text, canned.updated_at = name, text, now
    with transaction.atomic():
        with _unique_name():
            canned.save(update_fields=["name", "text", "updated_at"])
        _note("canned.changed", canned, actor=actor, now=now, ip=ip)
    return True


def delete(
    canned: CannedReply, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    """Once or twice: it is gone."""
    rows = CannedReply.objects.for_workspace(canned.workspace_id).filter(pk=canned.pk)
    with transaction.atomic():
        gone, _ = rows.delete()
        if gone:
            _note("canned.deleted", canned, actor=actor, now=now, ip=ip)


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise NameTaken from None


def _note(
    action: str, canned: CannedReply, *, actor: User, now: datetime, ip: str | None
) -> None:
    audit.record(
        workspace=canned.workspace,
        action=action,
        actor=actor,
        target=str(canned.key),
        details={"name": canned.name},
        ip=ip,
        now=now,
    )
