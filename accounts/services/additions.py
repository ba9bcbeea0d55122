"""Adding a person to a workspace by hand, with a password where they have none yet."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit, emails
from accounts.models import Membership, Role, User, Workspace
from accounts.scoping import workspace_transaction
from accounts.services import unproven

PASSWORD_BYTES = 12  # 96 bits, 16 characters to type once


class MemberInvalid(Exception):
    """This person cannot be added so. `problems` gives the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


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
    email = emails.normal(email)
    _validate(email, role)
    new_password = None
    with workspace_transaction(workspace.pk):
        user = User.objects.filter(email=email).first()
        is_new = user is None
        if user is None:
            if password is None:
                password = new_password = secrets.token_urlsafe(PASSWORD_BYTES)
            user = _new_user(email, name, password)
        elif unproven.find_unproven_holder(email) is not None:
            raise MemberInvalid(
                {"email": "is not proven by whoever came in with it: invite them"}
            )
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
        emails.validate(email)
    except ValidationError as error:
        problems["email"] = (
            "may hold ASCII letters alone"
            if error.code == "not_ascii"
            else "is no e-mail address"
        )
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
