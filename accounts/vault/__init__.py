"""The vault: secrets at rest, sealed for one workspace, one column and one version.

Room 0. `integrations` seals providers' credentials here and `accounts` people's tokens;
the rooms above never open it.
"""

from accounts.vault.cipher import SecretContext, VaultError
from accounts.vault.secret import Secret
from accounts.vault.selftest import self_test
from accounts.vault.store import erase, seal, seal_json, unseal, unseal_json

__all__ = [
    "Secret",
    "SecretContext",
    "VaultError",
    "erase",
    "seal",
    "seal_json",
    "self_test",
    "unseal",
    "unseal_json",
]
