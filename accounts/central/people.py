"""People of the central server: who is added, switched off, invited."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts import emails
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
    *,
    email: str,
    password: str | None,
    name: str = "",
    sub: uuid.UUID | None = None,
    is_verified: bool = True,
) -> User:
    """A user with everything that clients ask for.

    The address counts as verified where the caller answers for it.
    """
    email = cleaned_email(email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name.strip()[:150])
            Person.objects.create(user=user, sub=sub or uuid.uuid4())
            # The e-mail claim comes from this row alone.
            EmailAddress.objects.create(
                user=user, email=email, verified=is_verified, primary=True
            )
    except IntegrityError:
        raise PersonInvalid("taken") from None
    return user


def cleaned_email(email: str) -> str:
    try:
        return emails.checked(email)
    except ValidationError as error:
        problem = "not_ascii" if error.code == "not_ascii" else "email"
        raise PersonInvalid(problem) from None


@transaction.atomic
def invite(
    *,
    email: str,
    now: datetime,
    name: str = "",
    return_to: str = "",
    is_mailed: bool = False,
    request: HttpRequest | None = None,
    actor_label: str = "",
) -> Invited:
    """Make a link for somebody without an account. An older one for them ends.

    `is_mailed`: it was opened, or will be, from a mail to this address and nowhere else.
    """
    email = cleaned_email(email)
    if is_reserved(email, is_mailed=is_mailed):
        raise PersonInvalid("taken")
    Invitation.objects.filter(email=email, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=name.strip()[:150],
        token_hash=families.hash_of(token),
        return_to=return_to,
        is_mailed=is_mailed,
        sub=uuid.uuid4(),
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
    if is_reserved(invitation.email, is_mailed=invitation.is_mailed):
        raise PersonInvalid("taken")
    _release(invitation.email, request=request)
    user = create_person(
        email=invitation.email,
        password=password,
        name=name,
        sub=invitation.sub,
        is_verified=invitation.is_mailed,
    )
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    journal.record(
        "person.joined", target=f"user:{user.pk}", request=request, actor=user
    )
    return user, invitation


def is_reserved(email: str, *, is_mailed: bool) -> bool:
    """Is the address somebody's, against whom this link would not do?

    A proven one always is. One that nobody proved gives way to whoever proves it; and to
    any link once its account is switched off, which helps where no mail is sent.
    """
    holder = User.objects.filter(email=email).first()
    if holder is None:
        return False
    return is_proven(holder) or (holder.is_active and not is_mailed)


def list_people() -> "QuerySet[User]":
    """By address; `has_proof` says whether the server vouches for it."""
    proof = EmailAddress.objects.filter(
        user=OuterRef("pk"), email=OuterRef("email"), verified=True
    )
    return User.objects.annotate(has_proof=Exists(proof)).order_by("email")


def is_proven(user: User) -> bool:
    """Does the server vouch for their address? Clients read it as `email_verified`."""
    proven = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    return bool(proven.exists())


@transaction.atomic
def mark_proven(
    user: User, why: Literal["vouched", "email_confirmed"], *, request: HttpRequest
) -> None:
    """By a mail of ours, or by the word of whoever looks after the server."""
    changed = EmailAddress.objects.filter(
        user=user, email=user.email, verified=False
    ).update(verified=True)
    if changed:
        journal.record(f"person.{why}", target=f"user:{user.pk}", request=request)


def _release(email: str, *, request: HttpRequest) -> None:
    """Whoever held it without proof loses it, and the account that went by it ends."""
    holder = User.objects.select_for_update().filter(email=email).first()
    if holder is None:
        return
    EmailAddress.objects.filter(user=holder).delete()
    holder.email = emails.nobodys()
    holder.save(update_fields=["email"])
    set_active(holder, is_active=False, request=request)
    journal.record("person.address_lost", target=f"user:{holder.pk}", request=request)


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
        families.end_with_session(request.session.session_key)


def end_access_after_new_password(*, user: User, **_: Any) -> None:
    """A new password may mean that the old one was known to others."""
    with transaction.atomic():
        families.revoke_all(user=user, why="new_password")
        journal.record("person.new_password", target=f"user:{user.pk}", actor=user)
