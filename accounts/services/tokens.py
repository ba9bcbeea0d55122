"""Service tokens: made, shown once, revoked. Their use is noted at most once a minute."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit, digests, token_format
from accounts.models import ApiToken, User, Workspace
from accounts.permissions import Scope
from accounts.scoping import workspace_transaction

LONGEST_LIFE = timedelta(days=366)  # a year, the longest one
NOTED_EVERY = timedelta(minutes=1)


class TokenInvalid(Exception):
    """The token cannot be made so. `problems` gives the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Made:
    """`secret` exists here and nowhere else: show it now."""

    token: ApiToken
    secret: str = field(repr=False)


def make_token(
    *,
    workspace: Workspace,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime,
    allowed: Collection[Scope],
    now: datetime,
    actor: User,
    ip: str | None = None,
) -> Made:
    """Make a token with some of the scopes that its maker may hand out (`allowed`)."""
    _validate(name, scopes, expires_at, allowed, now)
    secret = token_format.new_secret()
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                workspace=workspace,
                name=name.strip(),
                digest=digests.of_token(secret),
                hint=secret[: token_format.HINT_LENGTH],
                scopes=sorted(scopes),
                created_at=now,
                created_by=actor,
                expires_at=expires_at,
            )
            audit.record(
                workspace=workspace,
                action="api_token.made",
                actor=actor,
                target=f"api_token:{token.key}",
                details={
                    "name": token.name,
                    "scopes": sorted(scopes),
                    "expires_at": expires_at.isoformat(),
                },
                ip=ip,
                now=now,
            )
    except IntegrityError:
        raise TokenInvalid({"name": "is taken"}) from None
    return Made(token, secret)


def _validate(
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime,
    allowed: Collection[Scope],
    now: datetime,
) -> None:
    problems = {}
    if not 0 < len(name.strip()) <= ApiToken._meta.get_field("name").max_length:  # type: ignore[operator]  # it has one
        problems["name"] = "is missing or too long"
    if not scopes:
        problems["scopes"] = "are missing"
    elif not set(scopes) <= set(allowed):
        problems["scopes"] = "are more than the maker's own"
    if not now < expires_at <= now + LONGEST_LIFE:
        problems["expires_at"] = "is past, or more than a year away"
    if problems:
        raise TokenInvalid(problems)


def revoke_token(
    token: ApiToken, *, now: datetime, actor: User, ip: str | None = None
) -> bool:
    """It opens nothing from the next request on. Answers whether that changed anything."""
    with transaction.atomic():
        changed: int = (
            ApiToken.objects.for_workspace(token.workspace_id)
            .filter(pk=token.pk, revoked_at=None)
            .update(revoked_at=now)
        )
        if changed:
            audit.record(
                workspace=token.workspace,
                action="api_token.revoked",
                actor=actor,
                target=f"api_token:{token.key}",
                details={"name": token.name},
                ip=ip,
                now=now,
            )
    return bool(changed)


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Remember when it was last used, to the minute: not a write for every request."""
    stale = now - NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > stale:
        return
    with workspace_transaction(token.workspace_id):
        ApiToken.objects.for_workspace(token.workspace_id).filter(
            Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=token.pk
        ).update(last_used_at=now)
