"""`manage.py vault_verify`: open everything that is sealed, and count."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.vault import rotation


class Command(BaseCommand):
    help = (
        "Open every sealed key and every sealed secret; exit 1 when one does not open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=rotation.BATCH)

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for column, tally in rotation.verify(batch=max(1, options["batch"])).items():
            self.stdout.write(
                f"{column}: {tally.done} opened, {len(tally.failed)} failed"
            )
            for name in tally.failed:
                self.stderr.write(f"does not open: {name}")
            failed += len(tally.failed)
        if failed:
            raise CommandError(f"{failed} sealed values do not open.")
