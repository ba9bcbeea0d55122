"""`manage.py vault_rotate`: change keys while the system runs.

May be killed and started again, and run beside writers: every step is one row.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import factors
from accounts.vault import rotation


class Command(BaseCommand):
    help = "Bring all keys under the current root key, and secrets under current data keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data-keys",
            action="store_true",
            help="make a new data key for every workspace first",
        )
        parser.add_argument(
            "--drop-retired",
            action="store_true",
            help="delete data keys retired a day ago or more that nothing asks for",
        )
        parser.add_argument("--batch", type=int, default=rotation.BATCH)

    def handle(self, *args: Any, **options: Any) -> None:
        batch = max(1, options["batch"])
        keys = rotation.reseal_keys(batch=batch)
        self.stdout.write(f"{keys.done} keys brought under the current root key")
        self._stop_on(keys.failed)
        second = factors.reseal()
        self.stdout.write(
            f"{second.done} second factors brought under the current root key"
        )
        self._stop_on(second.failed)
        if options["data_keys"]:
            made = rotation.replace_data_keys(now=timezone.now())
            self.stdout.write(f"{made} new data keys")
        secrets = rotation.reseal_secrets(batch=batch)
        self.stdout.write(f"{secrets.done} secrets brought under current data keys")
        self._stop_on(secrets.failed)
        if waiting := rotation.count_under_retired_keys(batch=batch):
            self.stdout.write(
                f"{waiting} secrets were written meanwhile under a retired key: "
                "run vault_rotate again"
            )
        if options["drop_retired"]:
            dropped = rotation.drop_retired_keys(now=timezone.now(), batch=batch)
            self.stdout.write(f"{dropped} retired data keys deleted")

    def _stop_on(self, failed: list[str]) -> None:
        for name in failed:
            self.stderr.write(f"does not open: {name}")
        if failed:
            raise CommandError(f"{len(failed)} sealed values do not open.")
