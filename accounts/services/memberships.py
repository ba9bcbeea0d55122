"""Who belongs to a workspace, in which role: joining, changing, going, handing over.

Every change of who is in holds the workspace first, so that two at once happen in turn and
the second is judged by what the first has left: a workspace never loses its last owner.
"""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts import audit, signals
from accounts.models import Membership, Role, User, Workspace
from accounts.permissions import Action, grantable, may, outranks
from accounts.scoping import workspace_transaction

PASSWORD_BYTES = 12  # 96 bits, 16 characters to type once
SEEN_EVERY = timedelta(minutes=15)


class MemberInvalid(Exception):
    """This person cannot be added so. `problems` gives the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


class NotAllowed(Exception):
    """The acting person's role does not reach so far, or no longer does."""


class MemberGone(Exception):
    """The one it is about is no member any more."""


class LastOwner(Exception):
    """A workspace keeps an owner: hand it over first."""


@dataclass(frozen=True, slots=True)
class Added:
    """`new_password` is there when we made one up: to be shown once, and kept nowhere."""

    membership: Membership
    is_new_user: bool
    new_password: str | None = field(repr=False)


def add_member(
    *,
    workspace: Workspace,
    email: str,
    role: str,
    now: datetime,
    name: str = "",
    password: str | None = None,
    actor: User | None = None,
    actor_label: str = "",
) -> Added:
    """Make a person a member, and a user first when the e-mail is new.

    Somebody else's password is never changed here: with an e-mail that signs in already,
    `password` is refused. Raises MemberInvalid.
    """
    email = email.strip().lower()
    _validate(email, role)
    new_password = None
    with workspace_transaction(workspace.pk):
        user = User.objects.filter(email=email).first()
        is_new = user is None
        if user is None:
            if password is None:
                password = new_password = secrets.token_urlsafe(PASSWORD_BYTES)
            user = _new_user(email, name, password)
        elif password is not None:
            raise MemberInvalid({"password": "this person already has one"})
        membership = _new_membership(workspace, user, role)
        audit.record(
            workspace=workspace,
            action="member.added",
            actor=actor,
            actor_label=actor_label,
            target=f"user:{user.pk}",
            details={"role": role, "new_user": is_new},
            now=now,
        )
    return Added(membership, is_new, new_password)


def _validate(email: str, role: str) -> None:
    problems = {}
    try:
        validate_email(email)
        User(email=email).clean_fields(exclude=["password"])
    except ValidationError:
        problems["email"] = "is no e-mail address"
    if role not in Role.values:
        problems["role"] = f"is none of {', '.join(Role.values)}"
    if problems:
        raise MemberInvalid(problems)


def _new_user(email: str, name: str, password: str) -> User:
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise MemberInvalid({"password": " ".join(error.messages)}) from None
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name.strip()[:150])
            _vouch_for(user)
            return user
    except IntegrityError:  # the same e-mail came in twice at once
        raise MemberInvalid({"email": "was added just now; try again"}) from None


def _new_membership(workspace: Workspace, user: User, role: str) -> Membership:
    try:
        with transaction.atomic():
            return Membership.objects.create(workspace=workspace, user=user, role=role)
    except IntegrityError:
        raise MemberInvalid({"email": "is a member already"}) from None


def _vouch_for(user: User) -> None:
    """Whoever adds a person by address answers for it: it counts as proven."""
    if not EmailAddress.objects.filter(email=user.email, verified=True).exists():
        EmailAddress.objects.create(
            user=user, email=user.email, verified=True, primary=True
        )


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
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        released = 0 if may(role, Action.REPLY) else _release(member)
        audit.record(
            workspace=workspace,
            action="member.role_changed",
            actor=actor,
            target=f"user:{member.user_id}",
            details={"from": before, "to": role, "released": released},
            ip=ip,
            now=now,
        )
    return released


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
        heir.save(update_fields=["role"])
        acting.save(update_fields=["role"])
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


def _end(
    member: Membership, action: str, *, actor: User, ip: str | None, now: datetime
) -> int:
    _spare_last_owner(member)
    workspace = member.workspace
    role, user_id = member.role, member.user_id
    # The row first: whoever assigns a conversation holds it, so none comes in after.
    Membership.objects.for_workspace(workspace).filter(pk=member.pk).delete()
    released = _release(member)
    audit.record(
        workspace=workspace,
        action=action,
        actor=actor,
        target=f"user:{user_id}",
        details={"role": role, "email": member.user.email, "released": released},
        ip=ip,
        now=now,
    )
    return released


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
