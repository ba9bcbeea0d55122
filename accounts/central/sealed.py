"""What rests sealed under the root key here: signing keys, and secrets of second factors.

The server has no workspaces and so no data keys; few secrets, each under the root key.
"""

from allauth.mfa.models import Authenticator

from accounts.central.models import SigningKey
from accounts.vault import cipher, keyring
from accounts.vault.cipher import VaultError
from accounts.vault.keyring import KeyPurpose

SIGNING_KEY = KeyPurpose("signing-key", "central_signingkey.sealed")
SECOND_FACTOR = KeyPurpose("second-factor", "mfa_authenticator.data")
_NOBODY = 0  # the place of a workspace's id


def seal_pem(pem: str) -> tuple[str, int]:
    done = keyring.seal_key(pem.encode(), SIGNING_KEY, _NOBODY)
    return done.sealed, done.root_key_id


def open_pem(sealed: str) -> str:
    return keyring.open_key(sealed, SIGNING_KEY, _NOBODY).decode()


def seal_factor(text: str) -> str:
    return keyring.seal_key(text.encode(), SECOND_FACTOR, _NOBODY).sealed


def open_factor(sealed: str) -> str:
    return keyring.open_key(sealed, SECOND_FACTOR, _NOBODY).decode()


def reseal() -> int:
    """Bring what rests under an older root key under the current one; how many moved."""
    moved = 0
    for key in SigningKey.objects.exclude(root_key_id=keyring.current().id):
        sealed, root_key_id = seal_pem(open_pem(key.sealed))
        moved += SigningKey.objects.filter(pk=key.pk, sealed=key.sealed).update(
            sealed=sealed, root_key_id=root_key_id
        )
    for factor in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        moved += _reseal_factor(factor)
    return moved


def _reseal_factor(factor: Authenticator) -> int:
    """allauth keeps sealed texts, and lists of them, among other things in one object."""
    fresh = {name: _fresh(value) for name, value in factor.data.items()}
    if fresh == factor.data:
        return 0
    found = Authenticator.objects.filter(pk=factor.pk, data=factor.data)
    return int(found.update(data=fresh))


def _fresh(value: object) -> object:
    if isinstance(value, list):
        return [_fresh(one) for one in value]
    if not isinstance(value, str):
        return value
    try:
        key_id = cipher.key_id_of(value)
    except VaultError:
        return value  # not one of ours
    return value if key_id == keyring.current().id else seal_factor(open_factor(value))
