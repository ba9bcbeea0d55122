"""Inviting by e-mail: a link that works once, for seven days, for that address alone.

For that address, or for the account that was made from the link. Taking it up is in
`acceptance`. The link's token is told to whoever invites or to the mail, and kept nowhere.
"""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit, digests, emails, limits
from accounts.models import Invitation, MailState, Membership, User, Workspace
from accounts.permissions import grantable
from accounts.scoping import workspace_transaction
from accounts.services import memberships
from accounts.services.memberships import NotAllowed

TOKEN_BYTES = 32
LASTS = timedelta(days=7)
MOST_OPEN = 200  # in one workspace: an invitation is a mail in our name


class InvitationInvalid(Exception):
    """This person cannot be invited so. `field` and `code` say what is wrong."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field, self.code = field, code


class InvitationGone(Exception):
    """It was accepted or revoked meanwhile."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An invitation and the token of its link, to be shown or mailed once."""

    invitation: Invitation
    token: str = field(repr=False)


def invite(
    *,
    workspace: Workspace,
    email: str,
    role: str,
    mail: MailState,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Issued:
    """Make an invitation, or raise InvitationInvalid, NotAllowed or LimitReached.

    One that ran out is taken up again; one that still holds is renewed by `renew()`.
    """
    email = _checked_address(email)
    with transaction.atomic():
        memberships.hold(workspace)
        _check_may_grant(workspace, role, actor=actor)
        members = Membership.objects.for_workspace(workspace)
        if members.filter(user__email=email).exists():
            raise InvitationInvalid("email", "member")
        opened = _open(workspace).filter(email=email).first()
        if opened is not None and not opened.has_expired(now):
            raise InvitationInvalid("email", "invited")
        if opened is None and _open(workspace).count() >= MOST_OPEN:
            raise InvitationInvalid("email", "too_many")
        _count(workspace, email, now=now)
        token, hash_ = _new_token()
        invitation = opened or Invitation(workspace=workspace, email=email)
        _set_out(invitation, hash_, role=role, mail=mail, actor=actor, now=now)
        record(
            "invitation.created",
            invitation,
            actor=actor,
            details={"email": email, "role": role},
            ip=ip,
            now=now,
        )
    return Issued(invitation, token)


def renew(
    workspace: Workspace,
    key: uuid.UUID,
    *,
    mail: MailState,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Issued:
    """A new link for seven more days; the old one leads nowhere from now on."""
    with transaction.atomic():
        memberships.hold(workspace)
        invitation = _hold_open(workspace, key)
        _check_may_grant(workspace, invitation.role, actor=actor)
        _count(workspace, invitation.email, now=now)
        token, hash_ = _new_token()
        _set_out(
            invitation, hash_, role=invitation.role, mail=mail, actor=actor, now=now
        )
        record("invitation.renewed", invitation, actor=actor, ip=ip, now=now)
    return Issued(invitation, token)


def revoke(
    workspace: Workspace,
    key: uuid.UUID,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Invitation:
    """Raises InvitationGone or NotAllowed."""
    with transaction.atomic():
        memberships.hold(workspace)
        invitation = _hold_open(workspace, key)
        _check_may_grant(workspace, invitation.role, actor=actor)
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        record("invitation.revoked", invitation, actor=actor, ip=ip, now=now)
    return invitation


def note_limit(
    workspace: Workspace,
    email: str,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> None:
    """Somebody wanted to send more invitations than a workspace may."""
    audit.record(
        workspace=workspace,
        action="invitation.limited",
        actor=actor,
        details={"email": email},
        ip=ip,
        now=now,
    )


def mark_mailed(invitation: Invitation, *, is_sent: bool) -> None:
    """What became of the mail, unless a newer one is on its way."""
    with workspace_transaction(invitation.workspace_id):
        rows = Invitation.objects.for_workspace(invitation.workspace_id)
        rows.filter(pk=invitation.pk, token_hash=invitation.token_hash).update(
            mail=MailState.SENT if is_sent else MailState.FAILED
        )


def _new_token() -> tuple[str, bytes]:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, digests.of_token(token)


def _open(workspace: Workspace) -> QuerySet[Invitation]:
    rows: QuerySet[Invitation] = Invitation.objects.for_workspace(workspace).filter(
        accepted_at__isnull=True, revoked_at__isnull=True
    )
    return rows


def _count(workspace: Workspace, email: str, *, now: datetime) -> None:
    """What is undone with the transaction was no mail and counts for nothing."""
    limits.demand("invitation_workspace", str(workspace.pk), now=now)
    limits.demand("invitation_recipient", f"{workspace.pk} {email}", now=now)


def _hold_open(workspace: Workspace, key: uuid.UUID) -> Invitation:
    found: Invitation | None = _open(workspace).filter(key=key).first()
    if found is None:
        raise InvitationGone
    return found


def _set_out(
    invitation: Invitation,
    hash_: bytes,
    *,
    role: str,
    mail: MailState,
    actor: User,
    now: datetime,
) -> None:
    invitation.token_hash, invitation.role, invitation.mail = hash_, role, mail
    invitation.invited_by = actor
    invitation.created_at, invitation.expires_at = now, now + LASTS
    invitation.refused_at, invitation.refused_why = None, ""
    invitation.account_sub = ""  # made from an earlier link, which ends here
    invitation.save()


def _checked_address(email: str) -> str:
    try:
        return emails.checked(email)
    except ValidationError as error:
        code = "not_ascii" if error.code == "not_ascii" else "invalid"
        raise InvitationInvalid("email", code) from None


def _check_may_grant(workspace: Workspace, role: str, *, actor: User) -> None:
    if not may_grant(workspace.pk, role, actor.pk):
        raise NotAllowed


def may_grant(workspace_id: int, role: str, user_id: int | None) -> bool:
    """As the membership stands now; ask behind the lock where it matters."""
    acting = (
        Membership.objects.for_workspace(workspace_id)
        .filter(user=user_id, user__is_active=True)
        .first()
    )
    return acting is not None and role in grantable(acting.role)


def record(
    action: str,
    invitation: Invitation,
    *,
    actor: User | None,
    now: datetime,
    ip: str | None,
    details: dict[str, str | bool] | None = None,
) -> None:
    audit.record(
        workspace=invitation.workspace,
        action=action,
        actor=actor,
        actor_label="" if actor else "visitor",
        target=f"invitation:{invitation.key}",
        details={"email": invitation.email} | (details or {}),
        ip=ip,
        now=now,
    )
