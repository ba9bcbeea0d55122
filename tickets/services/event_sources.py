"""Systems that tell us of tickets: added, given new secrets, taken away."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User, Workspace
from integrations.signing import Secret
from tickets.models import IncomingEvent, IncomingSource, SigningSecret
from tickets.services import signing_secrets


class NameTaken(ValueError):
    """Another one of this workspace has the name."""


@dataclass(frozen=True, slots=True)
class Made:
    """`secret` exists here and nowhere else in clear: show it now."""

    source: IncomingSource
    secret: Secret = field(repr=False)


def add(
    workspace: Workspace,
    *,
    name: str,
    actor: User | None,
    now: datetime,
    ip: str | None = None,
) -> Made:
    try:
        with transaction.atomic():
            source = IncomingSource.objects.create(
                workspace=workspace, name=name, created_by=actor, created_at=now
            )
            secret = signing_secrets.add(source, now=now)
            _note("event_source.added", source, actor=actor, now=now, ip=ip)
    except IntegrityError:
        raise NameTaken(name) from None
    return Made(source, secret)


def rotate(
    source: IncomingSource,
    *,
    overlap: timedelta,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Secret:
    """A new secret; that of before proves for `overlap` yet."""
    with transaction.atomic():
        held = _hold(source)
        secret = signing_secrets.rotate(held, overlap=overlap, now=now)
        _note("event_source.rotated", held, actor=actor, now=now, ip=ip)
    return secret


def delete(
    source: IncomingSource, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    """With its secrets and its log. The tickets it told of stay."""
    with transaction.atomic():
        held = _hold(source)
        for model in (SigningSecret, IncomingEvent):
            model.objects.for_workspace(held.workspace_id).filter(source=held).delete()
        _note("event_source.deleted", held, actor=actor, now=now, ip=ip)
        held.delete()


def _hold(source: IncomingSource) -> IncomingSource:
    rows = IncomingSource.objects.for_workspace(source.workspace_id)
    held: IncomingSource = rows.select_for_update().get(pk=source.pk)
    return held


def _note(
    action: str,
    source: IncomingSource,
    *,
    actor: User | None,
    now: datetime,
    ip: str | None,
) -> None:
    audit.record(
        workspace=source.workspace,
        action=action,
        actor=actor,
        target=str(source.key),
        details={"name": source.name},
        ip=ip,
        now=now,
    )
