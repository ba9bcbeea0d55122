"""Second factors of people who sign in with a password, here and at the central server.

allauth keeps them in one table. Their secrets rest sealed under the root key: they belong to
a person, and so to no workspace's data key.
"""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.vault import cipher, keyring
from accounts.vault.cipher import VaultError
from accounts.vault.keyring import KeyPurpose
from accounts.vault.rotation import Tally

SECOND_FACTOR = KeyPurpose("second-factor", "mfa_authenticator.data")
_NOBODY = 0  # the place of a workspace's id


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return "Recado"


class PasswordFactorStage(AuthenticateStage):  # type: ignore[misc]  # as above
    """Asked for after a password. The identity server asks for its own."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        is_by_password = any(one["method"] == "password" for one in records)
        return is_by_password and bool(super()._should_handle(request))


def seal(text: str) -> str:
    return keyring.seal_key(text.encode(), SECOND_FACTOR, _NOBODY).sealed


def unseal(sealed: str) -> str:
    return keyring.open_key(sealed, SECOND_FACTOR, _NOBODY).decode()


def reseal() -> Tally:
    """Bring what rests under an older root key under the current one."""
    tally = Tally()
    for factor in _with_secrets():
        try:
            tally.done += _reseal_one(factor)
        except VaultError:
            tally.failed.append(_name(factor))
    return tally


def verify() -> Tally:
    """Open every secret, and change nothing."""
    tally = Tally()
    for factor in _with_secrets():
        try:
            _opened(factor.data)
            tally.done += 1
        except VaultError:
            tally.failed.append(_name(factor))
    return tally


def _with_secrets() -> "QuerySet[Authenticator]":
    found: QuerySet[Authenticator] = Authenticator.objects.exclude(
        type=Authenticator.Type.WEBAUTHN
    )
    return found


def _name(factor: Authenticator) -> str:
    return f"{SECOND_FACTOR.column} {factor.pk}"


def _reseal_one(factor: Authenticator) -> int:
    """allauth keeps sealed texts, and lists of them, among other things in one object."""
    fresh = {name: _fresh(value) for name, value in factor.data.items()}
    if fresh == factor.data:
        return 0
    found = Authenticator.objects.filter(pk=factor.pk, data=factor.data)
    return int(found.update(data=fresh))


def _fresh(value: object) -> object:
    if isinstance(value, list):
        return [_fresh(one) for one in value]
    key_id = _key_id(value)
    if key_id is None or key_id == keyring.current().id:
        return value
    return seal(unseal(str(value)))


def _opened(value: object) -> None:
    """Every text that allauth keeps of a factor; there is none that is not sealed."""
    if isinstance(value, str):
        unseal(value)
    elif isinstance(value, dict):
        _opened(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            _opened(one)


def _key_id(value: object) -> int | None:
    """None: not one of ours."""
    if not isinstance(value, str):
        return None
    try:
        return cipher.key_id_of(value)
    except VaultError:
        return None
