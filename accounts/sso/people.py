"""From what the server says of a person to the user here and their memberships.

(issuer, subject) is who somebody is. An e-mail joins two accounts only where the server says
that it is verified and the installation allows it.
"""

import secrets
from collections.abc import Callable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import audit, selectors
from accounts.models import Membership, Role, User
from accounts.scoping import workspace_transaction
from accounts.services import onboarding, unproven
from accounts.sso import rules
from accounts.sso.identity import Identity
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server

_LONGEST_SLUG = 40


def sync(
    identity: Identity,
    *,
    server: Server,
    now: datetime,
    ip: str | None,
    is_invited: Callable[[User], bool] = lambda _: False,
) -> User:
    """The user that this identity is, made or brought up to date. Raises SignInRefused.

    Whoever is on their way into a workspace by an invitation is given none of their own.

    The user is whole or not there at all. Memberships follow, a transaction for each
    workspace; what a failure leaves out is made up for by the next sign-in.
    """
    try:
        user = _brought_up(identity, server)
    except IntegrityError:
        # The same person, or the same e-mail, came in meanwhile: now it can be seen which.
        try:
            user = _brought_up(identity, server)
        except IntegrityError:
            raise SignInRefused("email_taken") from None
    rules.apply(user, identity, server=server, now=now, ip=ip)
    if settings.SIGNIN_NEWCOMERS == "workspace" and not is_invited(user):
        _give_workspace(user, now=now, ip=ip)
    return user


def _brought_up(identity: Identity, server: Server) -> User:
    with transaction.atomic():
        user = _found(identity) or _joined(identity, server) or _made(identity)
        if not user.is_active:
            raise SignInRefused("deactivated")
        if identity.is_email_verified:
            _vouch_for(user)
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
        unproven.release(identity.email)
        if User.objects.filter(email=identity.email).exists():
            raise SignInRefused("email_taken")
        user.email = identity.email
        changed.append("email")
    if changed:
        user.save(update_fields=changed)
    return user


def _joined(identity: Identity, server: Server) -> User | None:
    """The account with this e-mail that no server vouched for yet, where that is allowed."""
    _require_email(identity, server)
    if identity.is_email_verified:
        unproven.release(identity.email)
    user = User.objects.select_for_update().filter(email=identity.email).first()
    if user is None:
        return None
    if (user.oauth_issuer, user.oauth_id) == (identity.issuer, identity.subject):
        return user  # in another browser they came in after we had looked for them
    may_join = server.link_by_email and identity.is_email_verified
    if user.oauth_id is not None or not may_join:
        raise SignInRefused("email_taken")
    user.oauth_issuer, user.oauth_id = identity.issuer, identity.subject
    user.name = identity.name or user.name
    user.save(update_fields=["oauth_issuer", "oauth_id", "name"])
    return user


def _require_email(identity: Identity, server: Server) -> None:
    """A proven one, unless it is the installation's own server, where nobody signs up: an
    account is there because somebody of this house made or invited it.
    """
    if not identity.email:
        raise SignInRefused("email_missing")
    is_ours = server.issuer == settings.CENTRAL_URL
    if not identity.is_email_verified and not is_ours:
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


def _give_workspace(user: User, *, now: datetime, ip: str | None) -> None:
    """One of their own for whoever belongs to none."""
    if selectors.list_memberships(user):
        return
    with transaction.atomic():
        # Of two sign-ins at once the second sees what the first has made.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not selectors.list_memberships(user):
            _make_workspace(user, now=now, ip=ip)


def _make_workspace(user: User, *, now: datetime, ip: str | None) -> None:
    name = user.name or user.email.partition("@")[0]
    # slugify() keeps underscores, which addresses of workspaces do not have.
    slug = slugify(name.replace("_", "-"))[:_LONGEST_SLUG].strip("-") or "loja"
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
            ip=ip,
            now=now,
        )
