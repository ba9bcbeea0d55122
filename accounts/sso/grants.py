"""The tokens of a browser session: sealed, renewed once, given back at the end.

An access token that ran out is renewed by whoever claims that first; nobody holds a row or
a transaction while the server is asked. While it cannot be reached, the session goes on for
a quarter of an hour and then waits; what the server refuses ends it.
"""

import logging
from datetime import datetime, timedelta
from enum import Enum

from django.db.models import Q

from accounts import vault
from accounts.keys import new_key
from accounts.models import OAuthGrant
from accounts.sso import fetch, outcomes, tokens
from accounts.sso.identity import Identity
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from accounts.sso.tokens import Tokens
from accounts.vault import SecretContext

logger = logging.getLogger("accounts.signin")

# One renewal asks for metadata, tokens, keys, and keys once more: each at most the deadline
# of an exchange. Twice that much is left for what happens between them.
LEASE = timedelta(seconds=6 * fetch.DEADLINE_SECONDS)
BACK_OFF = timedelta(seconds=30)
GRACE = timedelta(minutes=15)
UNBOUND_FOR = timedelta(minutes=30)
_PURPOSES = {
    "access": "oauth-access-token",
    "refresh": "oauth-refresh-token",
    "id_token": "oauth-id-token",
}


class Freshness(Enum):
    FRESH = "fresh"
    ENDED = "ended"
    AWAY = "away"


def keep(identity: Identity, given: Tokens, *, now: datetime) -> OAuthGrant:
    """Seal what was given. It waits for the session that the sign-in will begin."""
    drop_unbound(now=now)
    grant = OAuthGrant(
        key=new_key(),
        issuer=identity.issuer,
        subject=identity.subject,
        made_at=now,
        refreshed_at=now,
        expires_at=given.expires_at,
    )
    for column, sealed in _sealed(grant, given).items():
        setattr(grant, column, sealed)
    grant.save()
    return grant


def drop_unbound(*, now: datetime) -> int:
    """Delete what sign-ins left that came to no session. How many there were."""
    left = OAuthGrant.objects.filter(session=None, made_at__lt=now - UNBOUND_FOR)
    return left.delete()[0]


def keep_fresh(grant: OAuthGrant, server: Server | None, *, now: datetime) -> Freshness:
    """May the session go on? Renews an access token that ran out."""
    if server is None or grant.issuer != server.issuer:
        return Freshness.ENDED  # the installation changed its server
    if grant.expires_at is None or now < grant.expires_at:
        return Freshness.FRESH
    try:
        can_renew = bool(grant.refresh)
    except OAuthGrant.DoesNotExist:  # read only now; the session was ended meanwhile
        can_renew = False
    if not can_renew:
        return Freshness.ENDED
    if not _claim(grant, now=now):
        return _waiting(grant, now=now)
    try:
        given = tokens.refreshed(
            server,
            unseal(grant, "refresh"),
            subject=grant.subject,
            now=now,
        )
    except SignInRefused as refused:
        if refused.code in outcomes.PASSING:
            return _put_off(grant, refused.code, now=now)
        logger.warning(
            "refresh refused", extra={"outcome": refused.code, "grant_id": grant.pk}
        )
        return Freshness.ENDED
    except vault.VaultError:
        logger.warning("grant does not open", extra={"grant_id": grant.pk})
        return Freshness.ENDED
    if _renew(grant, given, now=now):
        return Freshness.FRESH
    return _too_late(grant, given, server)


def unseal(grant: OAuthGrant, column: str) -> str:
    return vault.unseal(getattr(grant, column), _context(grant, column)).decode()


def give_back(grant: OAuthGrant, server: Server) -> None:
    """Revoke the tokens at the server. Raises SignInRefused or VaultError."""
    kind = "refresh" if grant.refresh else "access"
    tokens.revoke(server, unseal(grant, kind), kind=f"{kind}_token")


def _claim(grant: OAuthGrant, *, now: datetime) -> bool:
    """One of several requests at once gets True, and has a while to ask the server."""
    free = Q(next_try_at=None) | Q(next_try_at__lte=now)
    mine = OAuthGrant.objects.filter(free, pk=grant.pk, expires_at=grant.expires_at)
    return mine.update(next_try_at=now + LEASE) == 1


def _waiting(grant: OAuthGrant, *, now: datetime) -> Freshness:
    """Somebody else asks the server, or did just now."""
    current = OAuthGrant.objects.filter(pk=grant.pk).first()
    if current is None:
        return Freshness.ENDED
    return _within_grace(current, now=now)


def _put_off(grant: OAuthGrant, code: str, *, now: datetime) -> Freshness:
    logger.warning("refresh put off", extra={"outcome": code, "grant_id": grant.pk})
    since = grant.unreachable_since or now
    grant.unreachable_since = since
    OAuthGrant.objects.filter(pk=grant.pk, expires_at=grant.expires_at).update(
        unreachable_since=since, next_try_at=now + BACK_OFF
    )
    return _within_grace(grant, now=now)


def _within_grace(grant: OAuthGrant, *, now: datetime) -> Freshness:
    since = grant.unreachable_since
    is_over = since is not None and now - since >= GRACE
    return Freshness.AWAY if is_over else Freshness.FRESH


def _renew(grant: OAuthGrant, given: Tokens, *, now: datetime) -> bool:
    """A server that gives no new refresh token goes on taking the one we have."""
    mine = OAuthGrant.objects.filter(pk=grant.pk, expires_at=grant.expires_at)
    renewed = mine.update(
        **{name: text for name, text in _sealed(grant, given).items() if text},
        refreshed_at=now,
        expires_at=given.expires_at,
        unreachable_since=None,
        next_try_at=None,
    )
    return renewed == 1


def _too_late(grant: OAuthGrant, given: Tokens, server: Server) -> Freshness:
    """While the server was asked, another request renewed the grant, or ended the session.

    Then nobody else knows these tokens, and nobody would give them back.
    """
    if OAuthGrant.objects.filter(pk=grant.pk).exists():
        return Freshness.FRESH
    kind, token = (
        ("refresh_token", given.refresh)
        if given.refresh
        else ("access_token", given.access)
    )
    try:
        tokens.revoke(server, token.reveal(), kind=kind)
    except SignInRefused as refused:
        told = {"outcome": refused.code, "grant_id": grant.pk}
        logger.warning("tokens not revoked at the server", extra=told)
    return Freshness.ENDED


def _sealed(grant: OAuthGrant, given: Tokens) -> dict[str, str]:
    values = {
        "access": given.access,
        "refresh": given.refresh,
        "id_token": given.id_token,
    }
    return {
        column: vault.seal(value.reveal().encode(), _context(grant, column))
        if value
        else ""
        for column, value in values.items()
    }


def _context(grant: OAuthGrant, column: str) -> SecretContext:
    return SecretContext(
        purpose=_PURPOSES[column],
        column=f"accounts_oauthgrant.{column}",
        workspace_id=0,
        field=str(grant.key),
    )
