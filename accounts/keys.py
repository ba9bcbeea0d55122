"""Public keys: the random names under which rows appear in URLs."""

import secrets
import uuid


def new_key() -> uuid.UUID:
    """128 random bits. Not a version-4 UUID, which spends six of them on its version."""
    return uuid.UUID(bytes=secrets.token_bytes(16))
