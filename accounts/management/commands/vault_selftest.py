"""`manage.py vault_selftest`: does the vault of this deployment seal, open and refuse?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import vault
from accounts.vault import keyring


class Command(BaseCommand):
    help = "Check the cipher against a known secret and try the current root key."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            vault.self_test()
        except vault.VaultError as error:
            raise CommandError(f"The vault does not work: {error}.") from None
        older = len(keyring.all_keys()) - 1
        self.stdout.write(
            f"The vault works: root key {keyring.current().id:08x}, {older} older."
        )
