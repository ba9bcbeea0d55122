"""From what the server says of a person to the user here, whole or not at all.

(issuer, subject) is who somebody is. An e-mail joins two accounts only where the server says
that it is verified and the installation allows it.
"""

import secrets
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import audit, selectors
from accounts.models import Membership, Role, User
from accounts.scoping import workspace_transaction
from accounts.services import onboarding
from accounts.sso import rules
from accounts.sso.identity import Identity
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server

_LONGEST_SLUG = 40


def sync(identity: Identity, *, server: Server, now: datetime) -> User:
    """The user that this identity is, made or brought up to date. Raises SignInRefused."""
    try:
        with transaction.atomic():
            user = _found(identity) or _joined(identity, server) or _made(identity)
            if not user.is_active:
                raise SignInRefused("deactivated")
            if identity.is_email_verified:
                _vouch_for(user)
            rules.apply(user, identity.claims, now=now)
            if settings.SIGNIN_NEWCOMERS == "workspace":
                _give_workspace(user, now=now)
    except IntegrityError:
        # The same e-mail or the same person came in by another door meanwhile.
        raise SignInRefused("email_taken") from None
    return user


def _found(identity: Identity) -> User | None:
    user = (
        User.objects.select_for_update()
        .filter(oauth_issuer=identity.issuer, oauth_id=identity.subject)
        .first()
    )
    if user is None:
        return None
    changed = []
    if identity.name and identity.name != user.name:
        user.name = identity.name
        changed.append("name")
    if identity.is_email_verified and identity.email != user.email:
        if User.objects.filter(email=identity.email).exists():
            raise SignInRefused("email_taken")
        user.email = identity.email
        changed.append("email")
    if changed:
        user.save(update_fields=changed)
    return user


def _joined(identity: Identity, server: Server) -> User | None:
    """The account with this e-mail that no server vouched for yet, where that is allowed."""
    _require_email(identity)
    user = User.objects.select_for_update().filter(email=identity.email).first()
    if user is None:
        return None
    if user.oauth_id is not None or not server.link_by_email:
        raise SignInRefused("email_taken")
    user.oauth_issuer, user.oauth_id = identity.issuer, identity.subject
    user.name = identity.name or user.name
    user.save(update_fields=["oauth_issuer", "oauth_id", "name"])
    return user


def _require_email(identity: Identity) -> None:
    if not identity.email:
        raise SignInRefused("email_missing")
    if not identity.is_email_verified:
        raise SignInRefused("email_unverified")


def _made(identity: Identity) -> User:
    return User.objects.create_user(
        identity.email,
        None,  # no password: the server's word is the only way in
        name=identity.name,
        oauth_issuer=identity.issuer,
        oauth_id=identity.subject,
    )


def _vouch_for(user: User) -> None:
    """The server proved this address, and no other, to be theirs."""
    proven = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    if not proven.exists():
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(
            user=user, email=user.email, verified=True, primary=True
        )


def _give_workspace(user: User, *, now: datetime) -> None:
    """One of their own for whoever belongs to none."""
    if selectors.list_memberships(user):
        return
    name = user.name or user.email.partition("@")[0]
    slug = slugify(name)[:_LONGEST_SLUG].strip("-") or "loja"
    workspace = onboarding.add_workspace(
        slug=f"{slug}-{secrets.token_hex(3)}",
        name=name[:100],
        language=user.language or "pt-br",
        actor=user,
        now=now,
    )
    with workspace_transaction(workspace.pk):
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
        audit.record(
            workspace=workspace,
            action="member.added",
            actor=user,
            target=f"user:{user.pk}",
            details={"role": Role.OWNER.value, "new_user": True},
            now=now,
        )
