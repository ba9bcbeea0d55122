"""Does the vault of this process work? Asked by `vault_selftest` and at the start.

Room 0, the vault. A secret sealed once and written down here must still open, so that a
change of a library or of this code that would orphan what is stored is seen at once; then
the current root key seals, opens and refuses. No database.
"""

from dataclasses import replace

from accounts.vault import cipher, keyring
from accounts.vault.cipher import SecretContext, VaultError

# Sealed by the first release with the key below, which protects nothing else.
KNOWN_KEY = bytes(range(32))
KNOWN_CONTEXT = SecretContext(
    purpose="self-test",
    column="self.test",
    workspace_id=1,
    integration_id=2,
    field="three",
    secret_version=4,
)
KNOWN_PLAINTEXT = b"the vault opens what it sealed"
KNOWN_SEALED = (
    "UkMBAQAAAAckHKZZ0P7RAkcVJdssqUCQVG7Z0VJIoRRfQN2YhM05fqrQ/BswTXj7MLPrKh"
    "sAnYd8cyk4t/oJFW2/7Gunp5bRmy/2tyJm7Z8Xrdow5feetr6IvKVJEIzc/vTqRBALCCRT"
    "uPLHoQLQN1XPX06tynW3Qz020I5vB0VFmw=="
)


def self_test() -> None:
    """Raise VaultError unless sealing, opening and refusing all work."""
    known = cipher.unseal(KNOWN_SEALED, key=KNOWN_KEY, context=KNOWN_CONTEXT)
    if known != KNOWN_PLAINTEXT:
        raise VaultError
    root = keyring.current()
    sealed = cipher.seal(
        KNOWN_PLAINTEXT, key=root.key, key_id=root.id, context=KNOWN_CONTEXT
    )
    if cipher.unseal(sealed, key=root.key, context=KNOWN_CONTEXT) != KNOWN_PLAINTEXT:
        raise VaultError
    elsewhere = replace(KNOWN_CONTEXT, workspace_id=2)
    for key, context in ((root.key, elsewhere), (KNOWN_KEY, KNOWN_CONTEXT)):
        if _opens(sealed, key=key, context=context):
            raise VaultError


def _opens(sealed: str, *, key: bytes, context: SecretContext) -> bool:
    try:
        cipher.unseal(sealed, key=key, context=context)
    except VaultError:
        return False
    return True
