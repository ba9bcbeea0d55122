"""The secrets of a source or a subscription: made, shown once, replaced while both count."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.keys import new_key
from accounts.scoping import ScopedQuerySet
from integrations import signing
from integrations.signing import Secret
from tickets.models import IncomingSource, SigningSecret, Subscription

Owner = IncomingSource | Subscription


def add(owner: Owner, *, now: datetime) -> Secret:
    """A new one, which is nowhere else in clear: show it now."""
    secret, key = signing.new_secret(), new_key()
    SigningSecret.objects.create(
        workspace_id=owner.workspace_id,
        key=key,
        sealed=signing.seal(secret, workspace_id=owner.workspace_id, key=key),
        hint=signing.hint(secret),
        created_at=now,
        source=owner if isinstance(owner, IncomingSource) else None,
        subscription=owner if isinstance(owner, Subscription) else None,
    )
    return secret


def rotate(owner: Owner, *, overlap: timedelta, now: datetime) -> Secret:
    """A new one, beside which the newest of before counts for `overlap`, and no other.

    In a transaction: who holds the owner's row rotates alone.
    """
    newest = _of(owner).select_for_update().order_by("-pk").first()
    if newest is not None and overlap:
        _of(owner).exclude(pk=newest.pk).delete()
        newest.ends_at = now + overlap
        newest.save(update_fields=["ends_at"])
    else:
        _of(owner).delete()
    return add(owner, now=now)


def opened(owner: Owner, *, now: datetime) -> list[Secret]:
    """Those that count, the newest first. Raises signing.Unreadable."""
    return [
        signing.unseal(row.sealed, workspace_id=row.workspace_id, key=row.key)
        for row in list_live(owner, now=now)
    ]


def list_live(owner: Owner, *, now: datetime) -> Sequence[SigningSecret]:
    live = _of(owner).filter(Q(ends_at=None) | Q(ends_at__gt=now))
    return list(live.order_by("-pk"))


def _of(owner: Owner) -> ScopedQuerySet[SigningSecret]:
    rows: ScopedQuerySet[SigningSecret] = SigningSecret.objects.for_workspace(
        owner.workspace_id
    )
    if isinstance(owner, IncomingSource):
        return rows.filter(source=owner)
    return rows.filter(subscription=owner)
