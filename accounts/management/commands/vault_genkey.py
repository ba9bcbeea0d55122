"""`manage.py vault_genkey`: a new root key for INTEGRATIONS_KEY. Needs no setting at all."""

import base64
import secrets
from typing import Any

from django.core.management.base import BaseCommand

from accounts.vault import cipher


class Command(BaseCommand):
    help = "Print a new root key (32 random bytes, base64) for INTEGRATIONS_KEY."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        key = secrets.token_bytes(cipher.KEY_BYTES)
        self.stdout.write(base64.b64encode(key).decode("ascii"))
