"""Taking an invitation up: what its link stands for, and who may come in by it.

What speaks against an invitation is one function, asked by the page and again behind the
lock.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.db.models import Q

from accounts import digests, selectors
from accounts.models import Invitation, Membership, User
from accounts.scoping import workspace_transaction
from accounts.services import invitations, memberships

# A link that is opened again and again is told to the audit trail this often.
REFUSAL_EVERY = timedelta(minutes=10)

logger = logging.getLogger(__name__)


class Why(StrEnum):
    """What speaks against an invitation."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"
    INVITER = "inviter"  # whoever invited may not do so any more
    DEPARTED = "departed"  # the invited were removed, or left, after it was sent
    OTHER_ADDRESS = "other_address"
    UNPROVEN = "unproven"


class Refused(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


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
    if not _holds(invitation):
        return Why.INVITER
    if user is None:
        return None
    if not (
        selectors.has_proven(user, invitation.email) or _is_account_of(invitation, user)
    ):
        is_alike = user.email == invitation.email
        return Why.UNPROVEN if is_alike else Why.OTHER_ADDRESS
    return Why.DEPARTED if _has_left_since(invitation, user) else None


def bind_account(invitation: Invitation, sub: str) -> None:
    """The account with this subject is the one made from the invitation's current link.

    It may take the invitation up although nothing proves its address: the link was given
    to one person, and whoever opened it made this account.
    """
    with workspace_transaction(invitation.workspace_id):
        rows = Invitation.objects.for_workspace(invitation.workspace_id)
        rows.filter(pk=invitation.pk, token_hash=invitation.token_hash).update(
            account_sub=sub
        )


def _is_account_of(invitation: Invitation, user: User) -> bool:
    return bool(
        invitation.account_sub
        and user.oauth_id == invitation.account_sub
        and user.oauth_issuer == settings.CENTRAL_URL
    )


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
    invitations.record(
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
            invitations.record(
                "invitation.refused",
                invitation,
                actor=user,
                details={"why": why.value},
                ip=ip,
                now=now,
            )


def _workspace_of(hash_: bytes) -> int | None:
    """The token alone says whose invitation it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_invitation_of(%s)", [hash_])
        row = cursor.fetchone()
    return row[0] if row else None


def _has_left_since(invitation: Invitation, user: User) -> bool:
    """Nobody undoes a removal by an older invitation, such as one they had not needed."""
    workspace_id = invitation.workspace_id
    with workspace_transaction(workspace_id):
        members = Membership.objects.for_workspace(workspace_id).filter(user=user)
        return not members.exists() and memberships.has_left(
            workspace_id, user, since=invitation.created_at
        )


def _holds(invitation: Invitation) -> bool:
    """Whoever invited could do it still: nobody comes back in, or gets a role, by an
    invitation of somebody who was removed or has a lower role by now."""
    workspace_id = invitation.workspace_id
    with workspace_transaction(workspace_id):
        return invitations.may_grant(
            workspace_id, invitation.role, invitation.invited_by_id
        )
