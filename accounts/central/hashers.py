"""Hashing of client secrets: 256 random bits need no slow hash, and every call checks one."""

import hashlib
import hmac
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher


class RandomSecretHasher(BasePasswordHasher):
    """For secrets that we made ourselves, never for a password that a person chose."""

    algorithm = "random_sha256"

    def encode(self, password: str, salt: str) -> str:
        digest = hashlib.sha256(f"{salt}${password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        again = self.encode(password, str(self.decode(encoded)["salt"]))
        return hmac.compare_digest(again, encoded)

    def safe_summary(self, encoded: str) -> Any:
        return {"algorithm": self.algorithm}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """There is nothing to harden: the secret itself cannot be guessed."""
