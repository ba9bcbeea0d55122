"""People of the central server: who is added, switched off, invited."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.central import families, journal
from accounts.central.models import Invitation, Person
from accounts.models import User

INVITATION_LIFETIME = timedelta(days=7)


class PersonInvalid(Exception):
    """This person cannot be added or invited so. `problem` says why, in one word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Invited:
    """`token` goes into one link and is kept nowhere."""

    invitation: Invitation
    token: str = field(repr=False)

    @property
    def path(self) -> str:
        return f"/invited/{self.token}"


def create_person(
    *, email: str, password: str | None, name: str = "", sub: uuid.UUID | None = None
) -> User:
    """A user with everything that clients ask for. The address counts as verified."""
    email = cleaned_email(email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name.strip()[:150])
            Person.objects.create(user=user, sub=sub or uuid.uuid4())
            # The e-mail claim comes from this row alone.
            EmailAddress.objects.create(
                user=user, email=email, verified=True, primary=True
            )
    except IntegrityError:
        raise PersonInvalid("taken") from None
    return user


def cleaned_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
        User(email=email).clean_fields(exclude=["password"])
    except ValidationError:
        raise PersonInvalid("email") from None
    return email


@transaction.atomic
def invite(
    *,
    email: str,
    now: datetime,
    name: str = "",
    return_to: str = "",
    request: HttpRequest | None = None,
    actor_label: str = "",
) -> Invited:
    """Make a link for somebody without an account. An older one for them ends."""
    email = cleaned_email(email)
    if User.objects.filter(email=email).exists():
        raise PersonInvalid("taken")
    Invitation.objects.filter(email=email, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=name.strip()[:150],
        token_hash=families.hash_of(token),
        return_to=return_to,
        expires_at=now + INVITATION_LIFETIME,
    )
    journal.record(
        "person.invited",
        target=f"invitation:{invitation.pk}",
        request=request,
        actor_label=actor_label,
    )
    return Invited(invitation, token)


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """One that can still be used."""
    return Invitation.objects.filter(
        token_hash=families.hash_of(token), used_at=None, expires_at__gt=now
    ).first()


@transaction.atomic
def accept(
    token: str, *, name: str, password: str, now: datetime, request: HttpRequest
) -> tuple[User, Invitation]:
    """Make the account of an invitation, once. Raises PersonInvalid."""
    invitation = (
        Invitation.objects.select_for_update()
        .filter(token_hash=families.hash_of(token), used_at=None, expires_at__gt=now)
        .first()
    )
    if invitation is None:
        raise PersonInvalid("used")
    user = create_person(email=invitation.email, password=password, name=name)
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    journal.record(
        "person.joined", target=f"user:{user.pk}", request=request, actor=user
    )
    return user, invitation


@transaction.atomic
def set_active(user: User, *, is_active: bool, request: HttpRequest) -> None:
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    if not is_active:
        end_sessions(user)
        families.revoke_all(user=user, why="person_disabled")
    journal.record(
        "person.enabled" if is_active else "person.disabled",
        target=f"user:{user.pk}",
        request=request,
    )


def end_sessions(user: User) -> None:
    from allauth.usersessions.models import UserSession  # noqa: PLC0415  # after the apps

    rows = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=rows.values("session_key")).delete()
    rows.delete()


def end_access_after_sign_out(*, request: HttpRequest, **_: Any) -> None:
    """Of the applications that were entered from this browser; others' stay."""
    if request.session.session_key:
        with transaction.atomic():
            families.end_with_session(request.session.session_key)


def end_access_after_new_password(*, user: User, **_: Any) -> None:
    """A new password may mean that the old one was known to others."""
    with transaction.atomic():
        families.revoke_all(user=user, why="new_password")
        journal.record("person.new_password", target=f"user:{user.pk}", actor=user)
