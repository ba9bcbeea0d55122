"""Codes and tokens of one sign-in hang together: what is shown twice ends all of them.

A claim runs inside the transaction of the token end point and locks its family until that
ends, so of two that come at once the second sees the first one's mark. Whoever ends a
family locks it first too.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import digests
from accounts.central import journal, rules
from accounts.central.models import Family, FamilyToken
from accounts.models import User

logger = logging.getLogger("accounts.signin")


def hash_of(value: str) -> str:
    """As allauth writes the hashes of its tokens."""
    return digests.of_token(value).hex()


def begin(
    *, client: Client, user: User, session_key: str, code: str, told: dict[str, Any]
) -> Family:
    """Keep what an authorization code stands for until it is shown."""
    now = timezone.now()
    return Family.objects.create(
        client=client,
        user=user,
        session_hash=hash_of(session_key),
        code_hash=hash_of(code),
        code=told,
        code_expires_at=now + rules.code_lifetime(),
        expires_at=now + rules.family_lifetime(),
    )


def look_at_code(code: str) -> Family | None:
    """The family of a code that could still be shown; nothing is claimed."""
    return Family.objects.filter(
        code_hash=hash_of(code),
        code_expires_at__gt=timezone.now(),
        code_spent_at=None,
        revoked_at=None,
    ).first()


def claim_code(code: str, client: Client) -> Family | None:
    """Lock the family of a code that is shown by its own client, in time, once."""
    family = _locked(Family.objects.filter(code_hash=hash_of(code), client=client))
    if family is None:
        return None
    if family.code_spent_at is not None:
        revoke(family, "code_replayed")
        return None
    is_late = family.code_expires_at <= timezone.now()
    return None if is_late or family.revoked_at else family


def spend_code(code: str) -> None:
    Family.objects.filter(code_hash=hash_of(code)).update(code_spent_at=timezone.now())


def claim_refresh(value: str, client: Client) -> Family | None:
    """Lock the family of a refresh token that is shown by its own client, once."""
    digest = hash_of(value)
    family = _locked(Family.objects.filter(tokens__hash=digest, client=client))
    if family is None:
        return None
    if family.tokens.filter(hash=digest, spent_at__isnull=False).exists():
        revoke(family, "refresh_reused")
        return None
    is_over = family.expires_at <= timezone.now()
    return None if is_over or family.revoked_at else family


def add_tokens(family: Family, token: dict[str, Any], *, spent: str | None) -> None:
    """Note what was issued; `spent` is the refresh token that was given for it."""
    now = timezone.now()
    if spent is not None:
        family.tokens.filter(hash=hash_of(spent)).update(spent_at=now)
    rows = [
        FamilyToken(
            family=family,
            hash=hash_of(token["access_token"]),
            expires_at=now + timedelta(seconds=token["expires_in"]),
        )
    ]
    if token.get("refresh_token"):
        # Known again as long as the family lives, however early it was spent.
        rows.append(
            FamilyToken(
                family=family,
                hash=hash_of(token["refresh_token"]),
                expires_at=family.expires_at,
            )
        )
    FamilyToken.objects.bulk_create(rows)


def revoke(family: Family, why: str) -> None:
    """End every token of a family that the caller holds locked."""
    changed = Family.objects.filter(pk=family.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_why=why
    )
    # Of a refresh that was under way: its tokens are there now that the lock is ours.
    Token.objects.filter(hash__in=family.tokens.values("hash")).delete()
    if changed and why in {"code_replayed", "refresh_reused"}:
        logger.warning(
            "a spent token was shown; its family ended",
            extra={"client": family.client_id, "family": family.pk, "why": why},
        )
        journal.record(
            f"token.{why}", target=f"client:{family.client_id}", actor_label="system"
        )


def revoke_all(*, why: str, **which: Any) -> int:
    """End the families of a client, of a person, or of both, unused codes too.

    Returns of how many sign-ins at a client there were tokens.
    """
    now = timezone.now()
    found = Family.objects.filter(revoked_at=None, expires_at__gt=now, **which)
    return sum(one.code_spent_at is not None for one in _revoked(found, why))


def end_with_session(session_key: str, **which: Any) -> int:
    """End what came of sign-ins in one browser, where that signs out, unused codes too."""
    mine = Family.objects.filter(
        session_hash=hash_of(session_key), revoked_at=None, **which
    )
    return len(_revoked(mine, "signed_out"))


def is_token_of_one_alive(value: str) -> bool:
    """Whatever else is known of a token, it died with its family."""
    return FamilyToken.objects.filter(
        hash=hash_of(value), family__revoked_at=None
    ).exists()


def alive(now: datetime) -> "QuerySet[Family]":
    return Family.objects.filter(
        revoked_at=None, expires_at__gt=now, code_spent_at__isnull=False
    )


def _locked(found: "QuerySet[Family]") -> Family | None:
    # In two steps: FOR UPDATE on a join would wait for rows that are not needed.
    row = found.first()
    if row is None:
        return None
    return Family.objects.select_for_update().filter(pk=row.pk).first()


@transaction.atomic
def _revoked(found: "QuerySet[Family]", why: str) -> list[Family]:
    # Families before their tokens, as a refresh takes them: one that is under way ends
    # first, and two that revoke stand in line.
    ended = list(found.select_for_update().order_by("pk"))
    for family in ended:
        revoke(family, why)
    return ended
