"""The keys that sign ID tokens: published before they sign, kept until nobody needs them."""

import time
from datetime import datetime, timedelta

from allauth.idp.oidc.models import PrivateKey
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection, transaction

from accounts.central import rules, sealed
from accounts.central.models import SigningKey

CACHE_SECONDS = 15.0
KEY_BITS = 2048
_LOCK = 0x7265_6B65  # the number of the lock under which keys are made

_cache: tuple[float, list[PrivateKey]] | None = None


def list_keys() -> list[PrivateKey]:
    """Opened keys, remembered for seconds: a new one is published long before it signs."""
    global _cache  # noqa: PLW0603  # one small cache of the process
    if _cache is None or time.monotonic() - _cache[0] > CACHE_SECONDS:
        rows = SigningKey.objects.order_by("pk")
        _cache = (time.monotonic(), [_opened(row) for row in rows])
    return _cache[1]


def forget() -> None:
    global _cache  # noqa: PLW0603  # see above
    _cache = None


@transaction.atomic
def ensure_key(*, now: datetime) -> bool:
    """Make the first key, which signs at once. True when it was made."""
    _lock()
    if SigningKey.objects.exists():
        return False
    _make(not_before=now, now=now)
    return True


@transaction.atomic
def rotate(*, now: datetime, at_once: bool = False) -> SigningKey:
    """Publish a new key. The old ones go when the last token they signed has expired.

    `at_once` is for a key that was stolen: the new one signs now, the old ones are gone
    now, and clients that hold the old set in their cache fail until they fetch again.
    """
    _lock()
    begins = now if at_once else now + lead_time()
    ends = now if at_once else begins + token_lifetime()
    SigningKey.objects.filter(expires_at=None).update(expires_at=ends)
    if at_once:
        SigningKey.objects.filter(expires_at__gt=now).update(expires_at=now)
    return _make(not_before=begins, now=now)


def drop_expired(*, now: datetime) -> int:
    deleted, _ = SigningKey.objects.filter(expires_at__lte=now).delete()
    forget()
    return deleted


def is_due(*, now: datetime) -> bool:
    """Whether the newest key is older than keys get."""
    newest = SigningKey.objects.order_by("-created_at").first()
    return newest is None or now - newest.created_at >= rules.key_lifetime()


def lead_time() -> timedelta:
    """How long clients may still hold the key set from before the new key."""
    return rules.key_set_lifetime() + timedelta(seconds=2 * CACHE_SECONDS)


def token_lifetime() -> timedelta:
    return rules.id_token_lifetime() + timedelta(minutes=1)


def _make(*, not_before: datetime, now: datetime) -> SigningKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    text, root_key_id = sealed.seal_pem(pem.decode())
    made = SigningKey.objects.create(
        sealed=text, root_key_id=root_key_id, created_at=now, not_before=not_before
    )
    forget()
    return made


def _opened(row: SigningKey) -> PrivateKey:
    return PrivateKey(
        pem=sealed.open_pem(row.sealed),
        not_before=row.not_before,
        issued_at=row.created_at,
        expires_at=row.expires_at,
    )


def _lock() -> None:
    """Two that rotate at once would make two keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
