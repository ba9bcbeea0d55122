"""Publish a new signing key, or bring everything sealed under a new root key."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.central import sealed, signing
from accounts.vault import rotation


class Command(BaseCommand):
    help = (
        "Publish a new signing key; it signs when every client can know it, and the old "
        "one stays published until its tokens have expired."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--at-once",
            action="store_true",
            help="a key was stolen: sign with the new one now and withdraw the others now",
        )
        parser.add_argument(
            "--root",
            action="store_true",
            help="make no key; reseal what rests under a root key of INTEGRATIONS_KEYS_OLD",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["root"]:
            self._reseal()
            return
        now = timezone.now()
        key = signing.rotate(now=now, at_once=options["at_once"])
        signing.drop_expired(now=now)
        self.stdout.write(f"key {key.pk} signs from {key.not_before.isoformat()}")

    def _reseal(self) -> None:
        """Also the key of the audit chain, which is sealed as Recado's are."""
        keys = rotation.reseal_keys()
        moved = keys.done + sealed.reseal()
        self.stdout.write(f"resealed under the current root key: {moved}")
        if keys.failed:
            raise CommandError(f"does not open: {', '.join(keys.failed)}")
