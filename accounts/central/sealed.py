"""What rests sealed under the root key here: signing keys; second factors as in Recado.

The server has no workspaces and so no data keys.
"""

from accounts import factors
from accounts.central.models import SigningKey
from accounts.vault import keyring
from accounts.vault.cipher import VaultError
from accounts.vault.keyring import KeyPurpose
from accounts.vault.rotation import Tally

SIGNING_KEY = KeyPurpose("signing-key", "central_signingkey.sealed")
_NOBODY = 0  # the place of a workspace's id


def seal_pem(pem: str) -> tuple[str, int]:
    done = keyring.seal_key(pem.encode(), SIGNING_KEY, _NOBODY)
    return done.sealed, done.root_key_id


def open_pem(sealed: str) -> str:
    return keyring.open_key(sealed, SIGNING_KEY, _NOBODY).decode()


def verify() -> Tally:
    """Open every signing key, and change nothing."""
    tally = Tally()
    for key in SigningKey.objects.order_by("pk").iterator():
        try:
            open_pem(key.sealed)
            tally.done += 1
        except VaultError:
            tally.failed.append(f"{SIGNING_KEY.column} {key.pk}")
    return tally


def reseal() -> int:
    """Bring what rests under an older root key under the current one; how many moved."""
    moved = 0
    for key in SigningKey.objects.exclude(root_key_id=keyring.current().id):
        sealed, root_key_id = seal_pem(open_pem(key.sealed))
        moved += SigningKey.objects.filter(pk=key.pk, sealed=key.sealed).update(
            sealed=sealed, root_key_id=root_key_id
        )
    factors_done = factors.reseal()
    if factors_done.failed:
        raise VaultError(f"does not open: {', '.join(factors_done.failed)}")
    return moved + factors_done.done
