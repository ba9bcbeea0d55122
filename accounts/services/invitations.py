"""Inviting by e-mail: a link that works once, for seven days, for that address alone.

The link's token is told to whoever invites or to the mail, and kept nowhere. What speaks
against an invitation is one function, asked by the page and again behind the lock.
"""

import logging
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts import audit, digests, limits, selectors
from accounts.models import Invitation, MailState, Membership, User, Workspace
from accounts.permissions import grantable
from accounts.scoping import workspace_transaction
from accounts.services import memberships
from accounts.services.memberships import NotAllowed

TOKEN_BYTES = 32
LASTS = timedelta(days=7)
MOST_OPEN = 200  # in one workspace: an invitation is a mail in our name
# A link that is opened again and again is told to the audit trail this often.
REFUSAL_EVERY = timedelta(minutes=10)

logger = logging.getLogger(__name__)


class Why(StrEnum):
    """What speaks against an invitation."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"
    OTHER_ADDRESS = "other_address"
    UNPROVEN = "unproven"


class Refused(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


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
    email = email.strip().lower()
    _check_address(email)
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
        _note(
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
        _note("invitation.renewed", invitation, actor=actor, ip=ip, now=now)
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
        _note("invitation.revoked", invitation, actor=actor, ip=ip, now=now)
    return invitation


def find(token: str) -> Invitation | None:
    """What a link stands for. Whose it is, only the token says."""
    hash_ = digests.of_token(token)
    workspace_id = _workspace_of(hash_)
    if workspace_id is None:
        return None
    with workspace_transaction(workspace_id):
        rows = Invitation.objects.for_workspace(workspace_id)
        found: Invitation | None = (
            rows.select_related("workspace", "invited_by")
            .filter(token_hash=hash_)
            .first()
        )
    return found


def objection(
    invitation: Invitation, *, user: User | None, now: datetime
) -> Why | None:
    """What speaks against this person taking it up; None when nothing does."""
    if invitation.accepted_at is not None:
        return Why.USED
    if invitation.revoked_at is not None:
        return Why.REVOKED
    if invitation.has_expired(now):
        return Why.EXPIRED
    if user is None or selectors.has_proven(user, invitation.email):
        return None
    return Why.UNPROVEN if user.email == invitation.email else Why.OTHER_ADDRESS


def accept(
    token: str, *, user: User, now: datetime, ip: str | None = None
) -> Membership:
    """Make this person a member as the invitation says, or raise Refused.

    Somebody who is a member already stays what they are.
    """
    found = find(token)
    if found is None:
        logger.info("invitation unknown", extra={"user_id": user.pk})
        raise Refused(Why.UNKNOWN)
    try:
        with workspace_transaction(found.workspace_id):
            return _take_up(found, token, user=user, ip=ip, now=now)
    except Refused as refusal:
        note_refusal(found, refusal.why, user=user, ip=ip, now=now)
        raise


def _take_up(
    found: Invitation, token: str, *, user: User, now: datetime, ip: str | None
) -> Membership:
    """Behind the lock, as it stands now: it may have been renewed or revoked meanwhile."""
    memberships.hold(found.workspace)
    rows = Invitation.objects.for_workspace(found.workspace_id)
    invitation = rows.select_related("workspace").get(pk=found.pk)
    if bytes(invitation.token_hash) != digests.of_token(token):
        raise Refused(Why.UNKNOWN)
    why = objection(invitation, user=user, now=now)
    if why is not None:
        raise Refused(why)
    invitation.accepted_by, invitation.accepted_at = user, now
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    membership: Membership
    members = Membership.objects.for_workspace(found.workspace_id)
    membership, is_new = members.get_or_create(
        workspace_id=found.workspace_id,
        user=user,
        defaults={"role": invitation.role},
    )
    _note(
        "invitation.accepted",
        invitation,
        actor=user,
        details={"role": membership.role, "was_member": not is_new},
        ip=ip,
        now=now,
    )
    return membership


def note_refusal(
    invitation: Invitation,
    why: Why,
    *,
    user: User | None,
    now: datetime,
    ip: str | None = None,
) -> None:
    """Tell the audit trail, once for a while: anybody with an old link could fill it."""
    with workspace_transaction(invitation.workspace_id):
        news = (
            Q(refused_at__isnull=True)
            | Q(refused_at__lt=now - REFUSAL_EVERY)
            | ~Q(refused_why=why)
        )
        rows = Invitation.objects.for_workspace(invitation.workspace_id)
        is_news = rows.filter(news, pk=invitation.pk).update(
            refused_at=now, refused_why=why
        )
        if is_news:
            _note(
                "invitation.refused",
                invitation,
                actor=user,
                details={"why": why.value},
                ip=ip,
                now=now,
            )


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


def _workspace_of(hash_: bytes) -> int | None:
    """The token alone says whose invitation it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_invitation_of(%s)", [hash_])
        row = cursor.fetchone()
    return row[0] if row else None


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
    invitation.save()


def _check_address(email: str) -> None:
    try:
        Invitation._meta.get_field("email").clean(email, None)
    except ValidationError:
        raise InvitationInvalid("email", "invalid") from None


def _check_may_grant(workspace: Workspace, role: str, *, actor: User) -> None:
    acting = Membership.objects.for_workspace(workspace).filter(user=actor).first()
    if acting is None or role not in grantable(acting.role):
        raise NotAllowed


def _note(
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
