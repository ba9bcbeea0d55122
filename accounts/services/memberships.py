"""Who belongs to a workspace, in which role: joining, changing, going, handing over.

Every change of who is in holds the workspace first, so that two at once happen in turn and
the second is judged by what the first has left: a workspace never loses its last owner.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit, signals
from accounts.models import Departure, Membership, Role, User, Workspace
from accounts.permissions import Action, grantable, may, outranks
from accounts.scoping import workspace_transaction

SEEN_EVERY = timedelta(minutes=15)
BY_RULE = "sign-in rule"  # who acted, where a rule did


class NotAllowed(Exception):
    """The acting person's role does not reach so far, or no longer does."""


class MemberGone(Exception):
    """The one it is about is no member any more."""


class LastOwner(Exception):
    """A workspace keeps an owner: hand it over first."""


def hold(workspace: Workspace) -> None:
    """Until the transaction ends, nobody else changes who belongs to this workspace.

    The weaker of the two locks: rows that refer to the workspace go on being stored.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def change_role(
    workspace: Workspace,
    key: uuid.UUID,
    *,
    role: str,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> int | None:
    """Give a member another role. How many conversations they had to let go of.

    None when it was theirs already. Raises NotAllowed, MemberGone or LastOwner.
    """
    with transaction.atomic():
        hold(workspace)
        acting, member = _both(workspace, key, actor=actor)
        if role == member.role:
            return None
        if role not in grantable(acting.role):
            raise NotAllowed
        _spare_last_owner(member)
        return _give(member, role, actor=actor, ip=ip, now=now)


def remove(
    workspace: Workspace,
    key: uuid.UUID,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> int:
    """End a membership; how many open conversations are nobody's now.

    Raises NotAllowed, MemberGone or LastOwner.
    """
    with transaction.atomic():
        hold(workspace)
        _acting, member = _both(workspace, key, actor=actor)
        return _end(member, "member.removed", actor=actor, ip=ip, now=now)


def leave(
    workspace: Workspace, *, actor: User, now: datetime, ip: str | None = None
) -> int:
    """End one's own membership. Raises MemberGone or LastOwner."""
    with transaction.atomic():
        hold(workspace)
        member = _find(workspace, user=actor)
        if member is None:
            raise MemberGone
        return _end(member, "member.left", actor=actor, ip=ip, now=now)


def add_by_rule(
    workspace: Workspace, user: User, *, role: str, now: datetime, ip: str | None
) -> None:
    """A sign-in rule lets somebody in. The caller holds the workspace."""
    Membership.objects.create(
        workspace=workspace, user=user, role=role, is_by_rule=True
    )
    audit.record(
        workspace=workspace,
        action="member.added",
        actor_label=BY_RULE,
        target=f"user:{user.pk}",
        details={"role": role},
        ip=ip,
        now=now,
    )


def change_by_rule(
    member: Membership, *, role: str, now: datetime, ip: str | None
) -> None:
    """A sign-in rule says who they are from now on. The caller holds the workspace."""
    _give(member, role, actor=None, ip=ip, now=now)


def remove_by_rule(member: Membership, *, now: datetime, ip: str | None) -> None:
    """A sign-in rule fits no longer. The caller holds the workspace."""
    _end(member, "member.removed", actor=None, ip=ip, now=now)


def has_left(workspace_id: int, user: User, *, since: datetime | None = None) -> bool:
    """Did they go by hand, or by that of somebody else, rather than by a rule?

    With `since`: and not before then.
    """
    departures = Departure.objects.for_workspace(workspace_id).filter(user=user)
    if since is not None:
        departures = departures.filter(at__gte=since)
    return bool(departures.exists())


def transfer_ownership(
    workspace: Workspace,
    key: uuid.UUID,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> Membership:
    """The other becomes owner, and the one who hands over an admin: both or neither.

    Raises NotAllowed or MemberGone.
    """
    with transaction.atomic():
        hold(workspace)
        acting, heir = _both(workspace, key, actor=actor)
        may_hand_over = may(acting.role, Action.TRANSFER_OWNERSHIP)
        if not may_hand_over or heir.pk == acting.pk or not heir.user.is_active:
            raise NotAllowed
        before = heir.role
        heir.role, acting.role = Role.OWNER.value, Role.ADMIN.value
        for member in (heir, acting):
            member.is_by_rule = False
            member.save(update_fields=["role", "is_by_rule"])
        audit.record(
            workspace=workspace,
            action="workspace.ownership_transferred",
            actor=actor,
            target=f"user:{heir.user_id}",
            details={"from": f"user:{actor.pk}", "their_role_before": before},
            ip=ip,
            now=now,
        )
    return heir


def note_seen(membership: Membership, *, now: datetime) -> None:
    """Remember the visit, but not each of its clicks."""
    seen = membership.last_seen_at
    if seen is not None and now - seen < SEEN_EVERY:
        return
    with workspace_transaction(membership.workspace_id):
        Membership.objects.for_workspace(membership.workspace_id).filter(
            pk=membership.pk
        ).update(last_seen_at=now)


def holdings(workspace: Workspace, user: User) -> int:
    """How many open conversations this person would leave to nobody."""
    answers = signals.holdings_asked.send(Workspace, workspace=workspace, user=user)
    return sum(int(count or 0) for _receiver, count in answers)


def _both(
    workspace: Workspace, key: uuid.UUID, *, actor: User
) -> tuple[Membership, Membership]:
    """The memberships of who acts and of who it is about, as they stand behind the lock."""
    acting = _find(workspace, user=actor)
    member = _find(workspace, key=key)
    if acting is None or not may(acting.role, Action.MANAGE_MEMBERS):
        raise NotAllowed
    if member is None:
        raise MemberGone
    if not outranks(acting.role, member.role):
        raise NotAllowed
    return acting, member


def _find(workspace: Workspace, **which: object) -> Membership | None:
    rows = Membership.objects.for_workspace(workspace).select_related("user")
    found: Membership | None = rows.filter(**which).first()
    return found


def _give(
    member: Membership,
    role: str,
    *,
    actor: User | None,
    ip: str | None,
    now: datetime,
) -> int:
    """Without an actor it is a rule that does; what a person gave, no rule takes away."""
    before, member.role, member.is_by_rule = member.role, role, actor is None
    member.save(update_fields=["role", "is_by_rule"])
    if before == role:
        return 0
    released = 0 if may(role, Action.REPLY) else _release(member)
    audit.record(
        workspace=member.workspace,
        action="member.role_changed",
        actor=actor,
        actor_label="" if actor else BY_RULE,
        target=f"user:{member.user_id}",
        details={"from": before, "to": role, "released": released},
        ip=ip,
        now=now,
    )
    return released


def _end(
    member: Membership,
    action: str,
    *,
    actor: User | None,
    ip: str | None,
    now: datetime,
) -> int:
    _spare_last_owner(member)
    workspace = member.workspace
    role, user_id = member.role, member.user_id
    # The row first: whoever assigns a conversation holds it, so none comes in after.
    Membership.objects.for_workspace(workspace).filter(pk=member.pk).delete()
    released = _release(member)
    _remember(member, is_by_hand=actor is not None, now=now)
    audit.record(
        workspace=workspace,
        action=action,
        actor=actor,
        actor_label="" if actor else BY_RULE,
        target=f"user:{user_id}",
        details={"role": role, "email": member.user.email, "released": released},
        ip=ip,
        now=now,
    )
    return released


def _remember(member: Membership, *, is_by_hand: bool, now: datetime) -> None:
    """How they went this time, whatever was remembered of an earlier one."""
    departures = Departure.objects.for_workspace(member.workspace_id)
    if is_by_hand:
        departures.update_or_create(
            workspace_id=member.workspace_id,
            user_id=member.user_id,
            defaults={"at": now},
        )
    else:
        departures.filter(user_id=member.user_id).delete()


def _spare_last_owner(member: Membership) -> None:
    if member.role != Role.OWNER:
        return
    others = (
        Membership.objects.for_workspace(member.workspace_id)
        .filter(role=Role.OWNER, user__is_active=True)
        .exclude(pk=member.pk)
    )
    if not others.exists():
        raise LastOwner


def _release(member: Membership) -> int:
    answers = signals.member_stops_answering.send(
        Workspace, workspace=member.workspace, user=member.user
    )
    return sum(int(count or 0) for _receiver, count in answers)
