"""`manage.py vault_verify`: open everything that is sealed, and count.

Recado and the central server have a database each: it covers the one of its own process,
and says which that was.
"""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from accounts import factors
from accounts.vault import rotation
from accounts.vault.rotation import Tally

_OF_CENTRAL = "covered: the central server's database; Recado's is another one"
_OF_RECADO = (
    "covered: Recado's database; the central server's is another one, with "
    "DJANGO_SETTINGS_MODULE=config.settings.central"
)


class Command(BaseCommand):
    help = (
        "Open every sealed key and every sealed secret; exit 1 when one does not open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=rotation.BATCH)

    def handle(self, *args: Any, **options: Any) -> None:
        report = rotation.verify(batch=max(1, options["batch"]))
        report[factors.SECOND_FACTOR.column] = factors.verify()
        is_central = apps.is_installed("accounts.central")
        if is_central:
            report |= _of_central()
        for column, tally in report.items():
            self.stdout.write(
                f"{column}: {tally.done} opened, {len(tally.failed)} failed"
            )
            for name in tally.failed:
                self.stderr.write(f"does not open: {name}")
        self.stdout.write(_OF_CENTRAL if is_central else _OF_RECADO)
        failed = sum(len(tally.failed) for tally in report.values())
        if failed:
            raise CommandError(f"{failed} sealed values do not open.")


def _of_central() -> dict[str, Tally]:
    from accounts.central import sealed  # noqa: PLC0415  # its models are of that role alone

    return {sealed.SIGNING_KEY.column: sealed.verify()}
